"""Note: what was asked for, in the customer's words; merging fields into words. Pure text, no letters, no machines."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fonts.text import normalise

SEED_MAX = 2**53 - 1  # the largest integer that every JSON reader keeps exact (RFC 8259, section 6)

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a customer asked for: own `text` or the name of a `template`, merge fields, hand, stock, seed.

    `frames` gives texts for the stock's other frames (a return address, say). `transliterate`: what the hand has no
    letter for is written in letters it has, and told. `knobs` set some of the hand's own otherwise for this note.
    `address` gives, by its parts, the address for the stock's frame of that name, else for its first in place of a
    text. `artwork` names a signature or doodle to go with it.
    Nothing is checked here: `compose` does.
    """

    hand: str
    stock: str
    text: str | None = None
    template: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    frames: Mapping[str, str] = field(default_factory=dict)
    transliterate: bool = False
    knobs: Mapping[str, float] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    artwork: str = ""


class MergeError(ValueError):
    """Words that cannot be merged: `missing` names the fields that are unknown or empty and have no fallback."""

    def __init__(self, missing: tuple[str, ...], broken: tuple[str, ...] = ()) -> None:
        self.missing = missing
        self.broken = broken
        parts = [f"the field {{{name}}} is empty or unknown and has no fallback" for name in missing]
        super().__init__("; ".join((*parts, *broken)))


def fields_of(template_text: str) -> dict[str, str | None]:
    """Field name -> its fallback (None: must be given), in order of appearance; raises MergeError on bad braces."""
    found: dict[str, str | None] = {}
    broken: list[str] = []
    for part in _parts(template_text, broken):
        if isinstance(part, tuple):
            found[part[0]] = found.get(part[0]) or part[1]
    if broken:
        raise MergeError((), tuple(broken))
    return found


def merge(template_text: str, fields: Mapping[str, str]) -> str:
    """The words with every `{name}` and `{name|fallback}` filled in; `{{` and `}}` are literal braces.

    A field counts as empty when it is blank. What a field brings in is never merged again. Raises MergeError that
    names every missing field and every stray brace at once.
    """
    broken: list[str] = []
    missing: dict[str, None] = {}
    out: list[str] = []
    for part in _parts(template_text, broken):
        if isinstance(part, str):
            out.append(part)
            continue
        name, fallback = part
        value = fields.get(name, "").strip()
        if not normalise(value):  # nothing in it leaves ink
            value = fallback or ""
        if value:
            out.append(value)
        else:
            missing[name] = None
    if missing or broken:
        raise MergeError(tuple(missing), tuple(broken))
    return "".join(out)


def literal(text: str) -> str:
    """Words that mean themselves, as a text that merges into just them."""
    return text.replace("{", "{{").replace("}", "}}")


def _parts(text: str, broken: list[str]) -> Iterator[str | tuple[str, str | None]]:
    """Literal pieces as str, fields as (name, fallback); says in `broken` what is no field."""
    at = 0
    for token in _TOKEN.finditer(text):
        yield text[at : token.start()]
        at = token.end()
        inner = token.group(1)
        if inner is None:
            if token.group() in ("{{", "}}"):
                yield token.group()[0]
            else:
                mark, place = token.group(), token.start() + 1
                broken.append(f"a single {mark!r} at character {place}: write {mark * 2} for a literal brace")
            continue
        name, bar, fallback = inner.partition("|")
        if _NAME.fullmatch(name.strip()):
            yield name.strip(), (fallback if bar else None)
        else:
            broken.append(
                f"{{{inner}}} at character {token.start() + 1} is no field: a name has letters, digits and _ only"
            )
    yield text[at:]
