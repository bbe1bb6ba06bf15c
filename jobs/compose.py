"""compose: the one road from words to ink. Rehearsal, preview and plot all take it, so none can differ."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as member
from typing import Any, TypeVar

from pydantic import ValidationError

from fonts.artwork import Artwork, NotArtwork
from fonts.card import Box, Frame, Stock
from fonts.drawer import placed, size_in
from fonts.hand import Written, write
from fonts.hands import Hand
from fonts.layout import Overflow
from fonts.manner import KNOBS
from fonts.text import Unwritable, normalise
from fonts.transliterate import transliterate
from jobs.address import AddressFault, addressed
from jobs.note import SEED_MAX, MergeError, Note, literal, merge
from plotter.machine import Machine, Slot
from plotter.plan import Toolpath, plan
from plotter.strokes import Stroke, bounds, length

T = TypeVar("T")

ADDRESS = "address"  # the frame that a note's address goes to
# Artwork under a text: the most it takes of the frame, room to be turned and bent in, the gap above it; the height of
# a line of letters in x-heights, by which the last one is told from the one before it.
_ART_WIDE, _ART_HIGH, _ART_SLACK, _ART_GAP_MM, _LINE = 0.6, 0.35, 1.1, 2.2, 3.2
_ART_LEAST_MM = 1.0  # a single line has no height of its own
LONGEST = 5000  # characters; no stock takes a fifth of it, and layout is not asked to prove that


@dataclass(frozen=True)
class Shelf:
    """What there is to write with and on: hands, stocks, template texts, artwork, by name.

    Mail to `home` names no country. `signatures`: the artwork that goes with notes in a hand.
    """

    hands: Mapping[str, Hand]
    stocks: Mapping[str, Stock]
    templates: Mapping[str, str]
    home: str = ""
    artwork: Mapping[str, Artwork] = member(default_factory=dict)
    signatures: Mapping[str, str] = member(default_factory=dict)

    def signature(self, hand: str, stock: str) -> str:
        """The artwork that a note in this hand gets when it names none; envelopes get none."""
        paper = self.stocks.get(stock)
        return self.signatures.get(hand, "") if paper is not None and paper.kind == "card" else ""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a note: which `field` of the request, a stable `code`, words, and `where` exactly."""

    field: str
    code: str
    message: str
    where: Mapping[str, Any] = member(default_factory=dict)


class NoteFault(ValueError):
    """A note that cannot be written as it is; `faults` says everything that is wrong, at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(one.message for one in faults))
        self.faults = faults


@dataclass(frozen=True)
class Composition:
    """A card as it will be written: strokes in card frame, mm, in writing order, and what a person asks about them.

    `text` is the main text as written, its fields merged, `lines` its lines as they were broken, `xheight_mm` their
    size; `characters` and `ink_mm` count all frames. `warnings`: what somebody should look at before it is written.
    """

    strokes: tuple[Stroke, ...]
    stock: Stock
    hand: str
    seed: int
    text: str
    lines: tuple[str, ...]
    characters: int
    xheight_mm: float
    ink_mm: float
    warnings: tuple[Fault, ...] = ()
    words: tuple[int, ...] = ()  # for each stroke the number of its word; what is no writing is a word of its own

    def planned(self, slot: Slot, machine: Machine) -> Toolpath:
        """Its way under the pen when it lies in this slot; raises PlanError."""
        paper = (self.stock.width_mm, self.stock.height_mm)
        return plan(self.strokes, paper=paper, slot=slot, machine=machine, words=self.words)


@dataclass(frozen=True)
class _Piece:
    """A text for one frame, and the field of the request that it came by; `main`: the note's own text."""

    field: str
    text: str
    frame: Frame
    seed: int
    main: bool = False


def compose(note: Note, shelf: Shelf) -> Composition:
    """Words to ink: merge, check, lay out, write by hand. Same note, same shelf: the same strokes to the bit.

    Raises NoteFault with everything that is wrong with the note.
    """
    faults: list[Fault] = []
    hand = _turned(_known("hand", note.hand, shelf.hands, faults), note.knobs, faults)
    stock = _known("stock", note.stock, shelf.stocks, faults)
    if not 0 <= note.seed <= SEED_MAX:
        faults.append(Fault("seed", "bad_seed", f"the seed must be 0 to {SEED_MAX}, not {note.seed}"))
    warnings: list[Fault] = []
    address = _addressed(note, shelf.home, faults, warnings)
    aside = stock is not None and ADDRESS in list(stock.frames)[1:]
    field, source = _source(note, shelf, faults, None if aside else address)
    text = _merged(field, source, note, faults)
    pieces = [] if stock is None else list(_pieces(note, stock, field, text, address if aside else None, faults))
    art = _art(note, shelf, stock, faults)
    strokes: list[Stroke] = []
    words: list[int] = []
    lines: tuple[str, ...] = ()
    xheight = 0.0
    characters = 0
    if hand is not None:
        for piece in pieces:
            try:
                if note.transliterate:
                    piece = _transliterated(piece, note, hand, warnings)
                room = _room_for(art, piece.frame) if piece.main and stock is not None and not stock.artwork else 0.0
                frame = replace(piece.frame, y_mm=piece.frame.y_mm + room, height_mm=piece.frame.height_mm - room)
                written = write(piece.text, frame=frame, hand=hand, seed=piece.seed)
            except Unwritable as error:
                faults += [_unwritable(piece, note, *one) for one in error.faults]
            except Overflow as error:
                faults.append(Fault(piece.field, "text_overflow", str(error), {"excess": round(error.excess, 3)}))
            else:
                strokes += written.strokes
                first = words[-1] + 1 if words else 0
                words += [first + word for word in written.words]
                characters += len(piece.text)
                if piece.main:
                    text, lines, xheight = piece.text, tuple(written.lines), written.xheight_mm
                    if art is not None and stock is not None and written.strokes:
                        box = stock.artwork or _under(written, art, piece.frame, room)
                        seed = _seed_for(note.seed, "artwork")
                        strokes += placed(art, box, seed, grow=stock.artwork is not None)
                        words += range(words[-1] + 1, words[-1] + 1 + len(strokes) - len(words))
    if faults or stock is None or text is None:
        raise NoteFault(faults)
    _inside(strokes, stock, field)
    return Composition(
        strokes=tuple(strokes),
        stock=stock,
        hand=note.hand,
        seed=note.seed,
        text=text,
        lines=lines,
        characters=characters,
        xheight_mm=xheight,
        ink_mm=sum(map(length, strokes)),
        warnings=tuple(warnings),
        words=tuple(words),
    )


def _known(kind: str, name: str, there: Mapping[str, T], faults: list[Fault]) -> T | None:
    if name in there:
        return there[name]
    known = ", ".join(there) or "none"
    faults.append(Fault(kind, f"unknown_{kind}", f"there is no {kind} “{name}”; there are: {known}", {"name": name}))
    return None


def _turned(hand: Hand | None, knobs: Mapping[str, float], faults: list[Fault]) -> Hand | None:
    """The hand with the note's knobs."""
    known = ", ".join(KNOBS)
    faults += [
        Fault(f"knobs.{name}", "unknown_name", f"there is no knob “{name}”; there are: {known}")
        for name in knobs
        if name not in KNOBS
    ]
    if hand is None or not knobs or not knobs.keys() <= set(KNOBS):
        return hand
    try:
        return hand.turned(knobs)
    except ValidationError as error:
        for one in error.errors():
            words = f"the knob {one['loc'][0]} cannot be {one['input']}: {one['msg']}"
            faults.append(Fault(f"knobs.{one['loc'][0]}", "out_of_range", words))
        return hand


def _addressed(note: Note, home: str, faults: list[Fault], warnings: list[Fault]) -> str | None:
    """The note's address in lines."""
    if not note.address:
        return None
    try:
        found = addressed(note.address, home)
    except AddressFault as error:
        faults += [Fault(f"address.{part}", code, words) for part, code, words in error.faults]
        return ""
    warnings += [Fault(f"address.{part}", "not_in_address", words) for part, words in found.unused]
    return "\n".join(found.lines)


def _art(note: Note, shelf: Shelf, stock: Stock | None, faults: list[Fault]) -> Artwork | None:
    """The artwork of the note."""
    if not note.artwork:
        return None
    if stock is not None and stock.artwork is None and next(iter(stock.frames.values())).lines == "kept":
        words = f"{note.stock} has no place for artwork: give its stock an artwork box, or choose another paper"
        faults.append(Fault("artwork", "artwork_has_no_place", words))
        return None
    try:
        return _known("artwork", note.artwork, shelf.artwork, faults)
    except (NotArtwork, OSError) as error:
        faults.append(Fault("artwork", "bad_artwork", f"{note.artwork}: {error}", {"name": note.artwork}))
        return None


def _room_for(art: Artwork | None, frame: Frame) -> float:
    """Height that artwork takes from the foot of a frame, mm."""
    if art is None:
        return 0.0
    scale = size_in(art, _ART_WIDE * frame.width_mm, _ART_HIGH * frame.height_mm)
    return max(_ART_LEAST_MM, art.height_mm * scale * _ART_SLACK) + _ART_GAP_MM


def _under(written: Written, art: Artwork, frame: Frame, room: float) -> Box:
    """Where artwork goes under the last line of what is written, as far left as that."""
    foot = bounds(written.strokes).y0
    last = bounds(
        [one for one in written.strokes if one[:, 1].max() < foot + _LINE * written.xheight_mm] or written.strokes
    )
    scale = size_in(art, _ART_WIDE * frame.width_mm, _ART_HIGH * frame.height_mm)
    wide = min(frame.width_mm, max(_ART_LEAST_MM, art.width_mm * scale * _ART_SLACK))
    middle = 0.5 * (last.x0 + last.x1) - 0.5 * wide if frame.align == "centre" else last.x0
    x = min(max(middle, frame.x_mm), frame.x_mm + frame.width_mm - wide)
    return Box(x_mm=x, y_mm=foot - room, width_mm=wide, height_mm=room - _ART_GAP_MM)


def _source(note: Note, shelf: Shelf, faults: list[Fault], address: str | None) -> tuple[str, str | None]:
    """The field of the request that gives the main text, and that text before merging."""
    if address is not None:
        if note.text is not None or note.template is not None:
            words = "the address takes the place of the text here: give no text and no template"
            faults.append(Fault("address", "ambiguous_text", words))
        return "address", literal(address) if address else None
    if note.text is not None and note.template is not None:
        faults.append(Fault("text", "ambiguous_text", "give either a text or a template, not both"))
        return "text", None
    if note.template is not None:
        return "template", _known("template", note.template, shelf.templates, faults)
    if note.text is None:
        faults.append(Fault("text", "empty_text", "give a text or a template: there is nothing to write"))
    return "text", note.text


def _merged(field: str, source: str | None, note: Note, faults: list[Fault]) -> str | None:
    if source is None:
        return None
    try:
        text = merge(source, note.fields)
    except MergeError as error:
        for name in error.missing:
            message = f"the field {{{name}}} is empty or unknown and has no fallback"
            faults.append(Fault(f"fields.{name}", "missing_field", message, {"name": name, "in": field}))
        faults += [Fault(field, "bad_field", words) for words in error.broken]
        return None
    if not normalise(text):
        faults.append(Fault(field, "empty_text", "there is nothing to write"))
        return None
    if len(text) > LONGEST:
        message = f"{len(text)} characters; at most {LONGEST} are taken"
        faults.append(Fault(field, "text_overflow", message, {"excess": round(len(text) / LONGEST - 1, 3)}))
        return None
    return text


def _pieces(
    note: Note, stock: Stock, field: str, text: str | None, address: str | None, faults: list[Fault]
) -> Iterator[_Piece]:
    """The main text for the stock's first frame, then the other frames' texts: the note's own, or the stock's."""
    for name in note.frames:
        if name not in stock.frames:
            known = ", ".join(stock.frames)
            message = f"{note.stock} has no frame “{name}”; it has: {known}"
            faults.append(Fault(f"frames.{name}", "unknown_frame", message, {"name": name}))
    for place, (name, frame) in enumerate(stock.frames.items()):
        if place == 0:
            if name in note.frames:
                message = f"the frame “{name}” takes the note's text; give no other for it"
                faults.append(Fault(f"frames.{name}", "ambiguous_text", message, {"name": name}))
            if text is not None:
                yield _Piece(field, text, frame, note.seed, main=True)
            continue
        if name == ADDRESS and address is not None:
            if name in note.frames:
                message = f"the frame “{name}” takes the address; give no other words for it"
                faults.append(Fault(f"frames.{name}", "ambiguous_text", message, {"name": name}))
            if address:
                yield _Piece("address", address, frame, _seed_for(note.seed, name))
            continue
        source = note.frames.get(name, frame.text)
        if source.strip():
            own = _merged(f"frames.{name}", source, note, faults)
            if own is not None:
                yield _Piece(f"frames.{name}", own, frame, _seed_for(note.seed, name))


def _seed_for(seed: int, frame: str) -> int:
    """A seed of the frame's own, so that two frames with the same words differ."""
    digest = hashlib.sha256(f"{seed}/{frame}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def _transliterated(piece: _Piece, note: Note, hand: Hand, warnings: list[Fault]) -> _Piece:
    """The piece in letters that the hand has; a warning for each replacement. Raises Unwritable."""
    text, replacements = transliterate(piece.text, hand.face.glyphs)
    for one in replacements:
        where = {
            "character": one.character,
            "code_point": one.code_point,
            "name": one.name,
            "position": one.position,
            "replacement": one.written,
        }
        warnings.append(Fault(_carrier(piece, note, one.character), "transliterated", str(one), where))
    return replace(piece, text=text)


def _carrier(piece: _Piece, note: Note, character: str) -> str:
    """The field of the request that brought a character in."""
    carriers = [key for key, value in note.fields.items() if character in value]
    return f"fields.{carriers[0]}" if carriers and piece.field == "template" else piece.field


def _unwritable(piece: _Piece, note: Note, character: str, code_point: str, name: str, position: int) -> Fault:
    field = _carrier(piece, note, character)
    message = f"no letter for “{character}” ({code_point} {name}) at character {position + 1}"
    where = {"character": character, "code_point": code_point, "name": name, "position": position}
    return Fault(field, "unwritable_character", message, where)


def _inside(strokes: list[Stroke], stock: Stock, field: str) -> None:
    """No ink off the paper, whatever the hand did."""
    if not strokes:
        raise NoteFault([Fault(field, "empty_text", "there is nothing to write but spaces")])
    box = bounds(strokes)
    if box.x0 < 0 or box.y0 < 0 or box.x1 > stock.width_mm or box.y1 > stock.height_mm:
        message = f"the writing would run off the paper ({box.x0:.1f}, {box.y0:.1f} to {box.x1:.1f}, {box.y1:.1f} mm)"
        raise NoteFault([Fault(field, "off_paper", message, box._asdict())])
