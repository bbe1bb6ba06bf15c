"""Every face that we drew is whole and sound, whoever drew it; and the table of what each hand can write is true."""

import math
import string
from functools import cache
from importlib.resources import files
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fonts.accents import complete
from fonts.coverage import BLOCKS, missing, page
from fonts.face import Face, Glyph
from fonts.hands import face as shipped
from fonts.hands import hands
from fonts.hobby import solve
from fonts.knots import load, parse
from plotter.strokes import Stroke, length
from server import main

ROOT = Path(__file__).parent.parent
TEXTS = {
    path.name.removesuffix(".txt"): path.read_text(encoding="utf-8")
    for path in (files("fonts") / "faces").iterdir()
    if path.name.endswith(".txt") and path.name != "marks.txt"
}
FACES = sorted(TEXTS)
LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ASCII = "".join(map(chr, range(33, 127)))
SPECIALS = "ßæœøłđðþı€£&@¿¡«»–—…‘’“”™©°½❤☺★"
BORROWED = frozenset("™©❤☺★")  # signs in nobody's handwriting; all else a person draws their own way


@cache
def drawn(name: str) -> Face:
    return load(TEXTS[name])


def ink(form: Glyph) -> Stroke:
    return np.concatenate((*form.strokes, *form.late))


def anywhere(form: Glyph) -> bool:
    return not (form.places or form.after or form.before)


def test_there_are_faces_and_each_is_somebodys() -> None:
    assert len(FACES) >= 4
    assert {drawn(name).style for name in FACES} == {"print", "mixed", "cursive"}
    assert {hand.drawn for hand in hands().values()} - set(FACES) <= {"hershey-script", "hershey-sans"}


@pytest.mark.parametrize("name", FACES)
def test_a_face_is_called_as_its_file_and_is_shipped(name: str) -> None:
    assert drawn(name).name == name
    assert drawn(name).title
    assert shipped(name).glyphs.keys() == drawn(name).glyphs.keys()


@pytest.mark.parametrize("name", FACES)
def test_letters_have_forms_enough(name: str) -> None:
    glyphs = drawn(name).glyphs
    assert [char for char in LOWER if len(glyphs[char]) < 3] == []
    assert [char for char in UPPER + DIGITS if len(glyphs[char]) < 2] == []


@pytest.mark.parametrize("name", FACES)
def test_all_of_ascii_and_the_specials_are_drawn(name: str) -> None:
    own = drawn(name).glyphs
    assert [char for char in ASCII + SPECIALS if char not in own and char not in BORROWED] == []
    whole = complete(drawn(name)).glyphs
    assert [char for char in ASCII + SPECIALS if char not in whole] == []
    assert [char for char in ASCII + SPECIALS if length(whole[char][0].strokes[0]) <= 0 and char not in ".:!?…"] == []


@pytest.mark.parametrize("name", FACES)
def test_the_main_form_is_heaviest_and_usual(name: str) -> None:
    """People use their main form in 91 of 100 places (mixed 85, cursive 70): by whim alone in more than six in ten."""
    for char in LOWER + UPPER.replace("I", "") + DIGITS:  # a lone I has a form of its own
        forms = drawn(name).glyphs[char]
        assert anywhere(forms[0]), char
        whims = [form.weight for form in forms if anywhere(form)]
        assert forms[0].weight == max(whims), char
        assert forms[0].weight / sum(whims) >= 0.6, char
        assert min(whims) > 0, char


@pytest.mark.parametrize("name", FACES)
def test_no_two_forms_of_a_character_are_alike(name: str) -> None:
    same = []
    for char, forms in drawn(name).glyphs.items():
        for a, b in combinations(forms, 2):
            alike = len(a.strokes) == len(b.strokes) and all(
                len(x) == len(y) and np.abs(x - y).max() < 0.03 for x, y in zip(a.strokes, b.strokes, strict=True)
            )
            late = ink(a).shape != ink(b).shape
            # One drawing may serve twice, for other neighbours or with another join.
            fit = (a.after, a.before, a.entry, a.exit) == (b.after, b.before, b.entry, b.exit)
            if alike and fit and not late:
                same.append(char)
    assert same == []


def whole_turn(one: Stroke) -> float:
    """The least ink in which a stroke turns once around, x-heights; a way back upon itself is no turn."""
    d = np.diff(one, axis=0)
    size = np.hypot(*d.T)
    d, size = d[size > 1e-9], size[size > 1e-9]
    turned = np.angle(np.exp(1j * np.diff(np.arctan2(d[:, 1], d[:, 0]))))
    turned[np.abs(turned) > math.radians(150)] = 0.0
    total, along = np.concatenate(([0.0], np.cumsum(turned))), np.cumsum(size)
    least = math.inf
    for k in range(len(total)):
        done = np.flatnonzero(np.abs(total[k:] - total[k]) >= math.radians(340))
        if len(done):
            least = min(least, float(along[k + done[0]] - along[k]))
    return least


def test_the_finder_of_whole_turns_finds_them() -> None:
    way = np.linspace(0, 2 * math.pi, 60)
    ring = 0.1 * np.column_stack((np.cos(way), np.sin(way)))
    assert whole_turn(ring) == pytest.approx(0.6, abs=0.05)
    assert whole_turn(ring[:50]) == math.inf
    assert whole_turn(np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]])) == math.inf


@pytest.mark.parametrize("name", FACES)
def test_no_stroke_makes_a_whole_turn_of_its_own_accord(name: str) -> None:
    glyphs = drawn(name).glyphs
    tight, looped = [], []
    for char in LOWER + UPPER + DIGITS:
        for number, form in enumerate(glyphs[char], start=1):
            around = min(whole_turn(one) for one in (*form.strokes, *form.late) if len(one) > 3)
            if around < 0.9:
                tight.append((char, number, around))
            if char in "hinrtuxHIKNTVX1457" and around < math.inf:
                looped.append((char, number, around))
    assert tight == [], "loops smaller than a pen closes on purpose"
    assert looped == [], "letters without a bowl or a loop"


@pytest.mark.parametrize("name", FACES)
def test_no_curve_strays_far_from_its_knots(name: str) -> None:
    """Between two knots no piece is much longer than the way: a spline left alone with a U-turn draws a circle."""
    strokes = [one for form in parse(TEXTS[name]).forms for one in (*form.pen, *form.late) if len(one) > 1]
    far = []
    for knots, one in zip(strokes, solve(strokes, 0.02), strict=True):
        at = [0]
        for knot in knots[1:]:
            near = np.hypot(one[at[-1] + 1 :, 0] - knot.x, one[at[-1] + 1 :, 1] - knot.y) < 0.012
            at.append(at[-1] + 1 + int(np.argmax(near)))
        for k, (a, b) in enumerate(pairwise(at)):
            chord = math.hypot(knots[k + 1].x - knots[k].x, knots[k + 1].y - knots[k].y)
            if b - a >= 4 and length(one[a : b + 1]) > 2.2 * chord:
                far.append((knots[k].at, length(one[a : b + 1]) / chord))
    assert far == []


@pytest.mark.parametrize("name", FACES)
def test_letters_keep_to_their_lines(name: str) -> None:
    face = drawn(name)
    # Characters, and where their tops may be; then those that may not go below the base line, and their feet.
    tops = {
        "acemnorsuvwxz": (0.8, 1.15),
        "gpqy": (0.8, 1.15),
        "bdfhkl": (0.86 * face.ascender, 1.1 * face.ascender),
        "t": (1.25, 1.8),
        "ij": (1.25, 1.7),
        UPPER: (0.9 * face.cap_height, 1.1 * face.cap_height),
        DIGITS: (1.4, max(1.75, 1.05 * face.cap_height)),
    }
    feet = {
        "abcdehiklmnorstuvwx" + DIGITS: (-0.28, 0.1),
        "gjpqy": (1.3 * face.descender, 0.72 * face.descender),
        "fz" + UPPER: (1.2 * face.descender, 0.1),
    }
    stray = []
    for end, limits in ((1, tops), (0, feet)):
        for chars, (low, high) in limits.items():
            for char in chars:
                for number, form in enumerate(face.glyphs[char], start=1):
                    y = ink(form)[:, 1]
                    at = float(y.max() if end else y.min())
                    if not low <= at <= high:
                        stray.append((char, number, round(at, 2), (low, high)))
    assert stray == []
    for char, forms in face.glyphs.items():
        for form in forms:
            assert ink(form)[:, 1].max() < face.ascender + 0.4, char
            assert ink(form)[:, 1].min() > face.descender - 0.4, char


@pytest.mark.parametrize("name", FACES)
def test_faces_are_of_a_persons_proportions(name: str) -> None:
    """Of 332 people the middle ascender is 1.97 x-heights, the middle descender .95; capitals lie below."""
    face = drawn(name)
    assert 1.6 < face.cap_height <= face.ascender + 0.05
    assert 1.7 < face.ascender < 2.5
    assert -1.6 < face.descender < -0.7


# ------------------------------------------------------------------------------------------------ what can be written


@pytest.mark.parametrize("hand", list(hands()))
def test_every_hand_writes_every_block(hand: str) -> None:
    assert set(BLOCKS) >= {"ASCII", "Latin-1", "Latin Extended-A", "Vietnamese", "drawn specials"}
    assert {block: chars for block, chars in missing(hands()[hand].face).items() if chars} == {}


def test_the_blocks_are_what_they_are_called() -> None:
    assert BLOCKS["ASCII"] == ASCII
    assert set(SPECIALS) <= set("".join(BLOCKS.values()))
    assert len(BLOCKS["Latin Extended-A"]) == 128
    assert set("ệỗữằỷẮỲợ") <= set(BLOCKS["Vietnamese"])
    assert len(set(BLOCKS["Vietnamese"])) == len(BLOCKS["Vietnamese"]) == 134
    assert set("".join(map(chr, range(0xA1, 0x100)))) - set(BLOCKS["Latin-1"]) == set("\xad¤¨¯¸")


def test_what_is_missing_is_said() -> None:
    one = hands()[next(iter(hands()))].face
    less = Face(
        name="less",
        title="less",
        glyphs={char: forms for char, forms in one.glyphs.items() if char not in "q~Šệ"},
        style="print",
    )
    assert {block: chars for block, chars in missing(less).items() if chars} == {
        "ASCII": "q~",
        "Latin Extended-A": "Š",
        "Vietnamese": "ệ",
    }


def test_the_page_of_coverage_is_made_from_the_code() -> None:
    kept = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    made = page({name: hand.face for name, hand in hands().items()})
    assert kept == made, "./run fairhand hands --coverage > docs/coverage.md"


def test_the_command_prints_the_page() -> None:
    done = CliRunner().invoke(main, ["hands", "--coverage"])
    assert done.exit_code == 0, done.output
    assert done.output == (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in done.output for name in hands())
