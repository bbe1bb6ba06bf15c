"""The one road from words to ink."""

import csv
import hashlib
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jobs.compose
from fonts.card import Box, Frame, Stock
from fonts.drawer import Drawer
from fonts.hands import hands
from jobs.compose import NoteFault, Shelf, compose
from jobs.note import Note, literal
from plotter.strokes import bounds, length

EXAMPLES = Path(__file__).parent.parent / "examples"
A6 = Stock(
    title="A6 flat",
    width_mm=148,
    height_mm=105,
    frames={"message": Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85)},
)
C6 = Stock(
    title="C6 envelope",
    kind="envelope",
    width_mm=162,
    height_mm=114,
    frames={
        "address": Frame(x_mm=60, y_mm=20, width_mm=95, height_mm=45, lines="kept"),
        "sender": Frame(x_mm=8, y_mm=80, width_mm=60, height_mm=28, lines="kept", text="The Corner Shop"),
        "note": Frame(x_mm=80, y_mm=80, width_mm=60, height_mm=20),
    },
)
TEMPLATES = {
    name: one["text"] for name, one in tomllib.loads((EXAMPLES / "templates.toml").read_text(encoding="utf-8")).items()
}
SHELF = Shelf(hands=hands(), stocks={"a6": A6, "c6": C6}, templates=TEMPLATES)
HAND = next(iter(SHELF.hands))


def note(**more: Any) -> Note:
    return Note(**{"hand": HAND, "stock": "a6", "seed": 7, **({} if "template" in more else {"text": "Hello"}), **more})


def faults(**more: Any) -> set[tuple[str, str]]:
    with pytest.raises(NoteFault) as caught:
        compose(note(**more), SHELF)
    assert all(one.message for one in caught.value.faults)
    return {(one.field, one.code) for one in caught.value.faults}


def fingerprint(more: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for stroke in compose(note(**more), SHELF).strokes:
        digest.update(stroke.tobytes() + b"|")
    return digest.hexdigest()


def test_a_card_and_what_one_asks_about_it() -> None:
    card = compose(note(text="Dear Ana,\nthank you."), SHELF)
    assert (card.text, card.hand, card.seed, card.stock) == ("Dear Ana,\nthank you.", HAND, 7, A6)
    assert len(card.lines) == 2
    assert card.characters == 20
    assert card.ink_mm == pytest.approx(sum(length(s) for s in card.strokes))
    assert card.ink_mm > 50
    frame = A6.frames["message"]
    assert frame.xheight_min_mm <= card.xheight_mm <= frame.xheight_max_mm
    box = bounds(card.strokes)
    assert box.x0 > 0 < box.y0


def test_the_same_to_the_bit_in_another_process_and_another_with_another_seed() -> None:
    more = {"text": "Dear Zoë, the same again, please: gg ll oo."}
    here = fingerprint(more)
    code = (
        f"import sys; sys.path.insert(0, 'tests'); from test_jobs_compose import fingerprint as f; print(f({more!r}))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here
    assert fingerprint(more) == here
    assert fingerprint({**more, "seed": 8}) != here


def test_everything_wrong_is_said_at_once() -> None:
    assert faults(hand="nobody", stock="papyrus", template="none", text="both", seed=-1) == {
        ("hand", "unknown_hand"),
        ("stock", "unknown_stock"),
        ("text", "ambiguous_text"),
        ("seed", "bad_seed"),
    }
    assert faults(stock="c6", text="Dear {nickname}, {", frames={"sender": "Hello 𓀀", "back": "x"}) == {
        ("fields.nickname", "missing_field"),
        ("text", "bad_field"),
        ("frames.sender", "unwritable_character"),
        ("frames.back", "unknown_frame"),
    }


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"text": ""}, ("text", "empty_text")),
        ({"text": " \n "}, ("text", "empty_text")),
        ({"text": None}, ("text", "empty_text")),
        ({"template": "none"}, ("template", "unknown_template")),
        ({"template": "birthday"}, ("fields.first_name", "missing_field")),
        ({"template": "birthday", "fields": {"first_name": "𓀀"}}, ("fields.first_name", "unwritable_character")),
        ({"text": "On and on. " * 200}, ("text", "text_overflow")),
        ({"text": "x" * 5001}, ("text", "text_overflow")),
        ({"stock": "c6", "frames": {"address": "twice"}}, ("frames.address", "ambiguous_text")),
        ({"stock": "c6", "frames": {"sender": "{shop}"}}, ("fields.shop", "missing_field")),
    ],
)
def test_each_fault_names_its_field_and_code(more: dict[str, Any], wanted: tuple[str, str]) -> None:
    assert faults(**more) == {wanted}


def test_a_character_without_a_letter_is_named_with_its_place() -> None:
    with pytest.raises(NoteFault) as caught:
        compose(note(text="Hello 𓀀 there"), SHELF)
    (fault,) = caught.value.faults
    assert fault.where["character"] == "𓀀"
    assert fault.where["code_point"] == "U+13000"
    assert fault.where["position"] == 6
    assert "at character 7" in fault.message


def test_every_frame_takes_its_own_text() -> None:
    plain = compose(note(stock="c6", text="Ana Popović\nCara Dušana 18"), SHELF)
    own = compose(
        note(stock="c6", text="Ana Popović\nCara Dušana 18", frames={"sender": "{shop}"}, fields={"shop": "Kim"}), SHELF
    )
    bare = compose(note(stock="c6", text="Ana Popović\nCara Dušana 18", frames={"sender": ""}), SHELF)
    assert len(plain.strokes) > len(own.strokes) > len(bare.strokes)
    for ours, theirs in zip(plain.strokes, bare.strokes, strict=False):
        assert np.array_equal(ours, theirs)  # the address is the same whatever the other frames hold
    assert plain.characters == len(plain.text) + len("The Corner Shop")


def test_ink_off_the_paper_is_refused_whatever_the_hand_did(monkeypatch: pytest.MonkeyPatch) -> None:
    real = jobs.compose.write

    def astray(*args: Any, **kwargs: Any) -> Any:
        written = real(*args, **kwargs)
        return replace(written, strokes=[s + np.array([60.0, 0.0]) for s in written.strokes])

    monkeypatch.setattr(jobs.compose, "write", astray)
    assert faults(text="A line as long as the card is wide, or nearly so it seems") == {("text", "off_paper")}


def test_literal_braces_are_written() -> None:
    assert compose(note(text=literal("{x}")), SHELF).text == "{x}"


def test_the_sample_orders_can_be_written() -> None:
    with (EXAMPLES / "orders.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18
    for row in rows:
        text, template = row.pop("message") or None, row.pop("template") or None
        card = compose(note(text=text, template=template, fields=row), SHELF)
        assert "{" not in card.text


@pytest.mark.parametrize(
    ("id", "wanted"),
    [
        ("X-2", {("fields.first_name", "missing_field")}),
        ("X-3", {("template", "unknown_template")}),
        ("X-4", {("text", "unwritable_character")}),
        ("X-6", {("fields.nickname", "missing_field")}),
        ("X-8", {("text", "text_overflow")}),
    ],
)
def test_the_bad_sample_orders_are_refused(id: str, wanted: set[tuple[str, str]]) -> None:
    with (EXAMPLES / "bad_orders.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["external_id"] == id)
    text, template = row.pop("message") or None, row.pop("template") or None
    assert faults(text=text, template=template, fields=row) == wanted


def test_knobs_beyond_their_bounds_are_named() -> None:
    assert faults(knobs={"neatness": 1.5}) == {("knobs.neatness", "out_of_range")}
    assert faults(knobs={"width": 1.0}) == {("knobs.width", "unknown_name")}
    assert faults(hand="nobody", knobs={"slant": 99}) == {("hand", "unknown_hand")}


def test_a_turned_hand_keeps_its_letters() -> None:
    hand = SHELF.hands[HAND]
    turned = hand.turned({"slant": 9.0})
    assert (turned.case, turned.face, turned.manner.slant) == (hand.case, hand.face, 9.0)
    assert hand.turned({"speed": 1.0}).measure.width("wide") > hand.measure.width("wide")


def test_what_is_replaced_is_told_by_the_field_that_brought_it() -> None:
    more = {"text": None, "template": "thank-you-order", "transliterate": True}
    fields = {"first_name": "Иван", "product": "the stool", "agent": "Jo"}
    card = compose(note(**more, fields=fields), SHELF)
    assert "Dear Ivan" in card.text
    assert {(one.field, one.code) for one in card.warnings} == {("fields.first_name", "transliterated")}
    assert len(card.warnings) == 4


LONDON = {"name": "Jo Lee", "street_address": "1 Mill Road", "city": "London", "postal_code": "ec1y 8sy"}


def test_an_address_takes_the_place_of_the_text() -> None:
    address = {**LONDON, "country_code": "GB"}
    card = compose(note(text=None, stock="c6", address=address), SHELF)
    assert card.lines == ("Jo Lee", "1 Mill Road", "LONDON", "EC1Y 8SY", "UNITED KINGDOM")
    at_home = compose(note(text=None, stock="c6", address=address), replace(SHELF, home="GB"))
    assert at_home.lines == card.lines[:-1]
    assert faults(stock="c6", address=address) == {("address", "ambiguous_text")}
    assert faults(text=None, stock="c6", address={**address, "postal_code": "12345"}) == {
        ("address.postal_code", "invalid")
    }


def test_an_address_goes_to_the_frame_of_that_name() -> None:
    frames = {**A6.frames, "address": Frame(x_mm=80, y_mm=10, width_mm=60, height_mm=40, lines="kept")}
    shelf = replace(SHELF, stocks={"postcard": replace(A6, frames=frames)})
    asked = note(stock="postcard", address={**LONDON, "country_code": "GB"})
    card = compose(asked, shelf)
    assert (card.text, card.characters) == (
        "Hello",
        len("Hello") + len("Jo Lee 1 Mill Road LONDON EC1Y 8SY UNITED KINGDOM"),
    )
    with pytest.raises(NoteFault) as caught:
        compose(replace(asked, frames={"address": "elsewhere"}), shelf)
    assert [(one.field, one.code) for one in caught.value.faults] == [("frames.address", "ambiguous_text")]


def test_what_an_address_has_no_place_for_is_told() -> None:
    address = {**LONDON, "country_code": "GB", "country_area": "Middlesex"}
    [warning] = compose(note(text=None, stock="c6", address=address), SHELF).warnings
    assert (warning.field, warning.code) == ("address.country_area", "not_in_address")
    assert "Middlesex" in warning.message


DRAWN = replace(SHELF, artwork=Drawer(EXAMPLES / "artwork"), signatures={HAND: "heart"})
LETTER = "Dear Ana,\nthank you for your order.\nWarmly,"


def test_artwork_stands_under_the_last_line() -> None:
    plain, signed = (compose(note(text=LETTER, artwork=name), DRAWN) for name in ("", "signatures/margaret"))
    drawing = list(DRAWN.artwork["signatures/margaret"].strokes)
    foot, top = bounds(signed.strokes[: -len(drawing)]), bounds(signed.strokes[-len(drawing) :])
    assert top.y1 < foot.y0 - 1
    assert abs(top.x0 - foot.x0) < 6
    assert top.y0 >= A6.frames["message"].y_mm
    assert len(signed.strokes) == len(plain.strokes) + len(drawing)
    assert signed.ink_mm > plain.ink_mm + 50
    long = compose(note(text="thank you " * 40, artwork="signatures/margaret"), DRAWN)
    assert long.xheight_mm < compose(note(text="thank you " * 40), DRAWN).xheight_mm


def test_artwork_stands_in_the_box_of_its_paper() -> None:
    box = Box(x_mm=110, y_mm=5, width_mm=30, height_mm=20)
    shelf = replace(DRAWN, stocks={"a6": replace(A6, artwork=box)})
    card, plain = (compose(note(text=LETTER, artwork=name), shelf) for name in ("cup", ""))
    drawn = bounds(card.strokes[len(plain.strokes) :])
    assert box.x_mm <= drawn.x0 < drawn.x1 <= box.x_mm + 30
    assert box.y_mm <= drawn.y0 < drawn.y1 <= box.y_mm + 20
    assert all((a == b).all() for a, b in zip(card.strokes, plain.strokes, strict=False))


@pytest.mark.parametrize("way", ["H30", "V30", "h0"])
def test_artwork_may_be_a_single_line_or_dot(way: str, tmp_path: Path) -> None:
    drawn = f'<path fill="none" stroke="red" d="M0 0{way}"/>'
    (tmp_path / "line.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{drawn}</svg>', encoding="utf-8")
    card = compose(note(text=LETTER, artwork="line"), replace(SHELF, artwork=Drawer(tmp_path)))
    assert len(card.strokes) == len(compose(note(text=LETTER), SHELF).strokes) + 1


def test_artwork_that_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    assert faults(artwork="nothing") == {("artwork", "unknown_artwork")}
    (tmp_path / "blot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><circle r="5"/></svg>', encoding="utf-8"
    )
    for asked, code in (
        (note(artwork="blot"), "bad_artwork"),
        (note(stock="c6", artwork="blot"), "artwork_has_no_place"),
    ):
        with pytest.raises(NoteFault) as caught:
            compose(asked, replace(SHELF, artwork=Drawer(tmp_path)))
        assert [(one.field, one.code) for one in caught.value.faults] == [("artwork", code)]


def test_a_hand_signs_cards_and_no_envelopes() -> None:
    assert [DRAWN.signature(HAND, stock) for stock in ("a6", "c6", "no-such")] == ["heart", "", ""]
    assert DRAWN.signature("another", "a6") == ""


def test_every_stroke_knows_its_word() -> None:
    card = compose(Note(text="Dear Tim, it is.", hand="heron", stock="a6", seed=1), SHELF)
    assert len(card.words) == len(card.strokes)
    assert list(card.words) == sorted(card.words)
    assert len(set(card.words)) == 4
