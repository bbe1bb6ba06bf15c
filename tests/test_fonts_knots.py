"""Faces drawn as knots: the spline against cases worked by hand, faults named by place, and Wren complete and sound."""

import math
from functools import cache
from importlib.resources import files
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts.face import Face, Glyph
from fonts.hobby import Knot, solve
from fonts.knots import KnotError, load, parse
from fonts.specimen import sheet
from fonts.spline import STEP
from plotter.strokes import Stroke, bounds, length

ASCII = "".join(map(chr, range(33, 127)))
SPECIALS = "ßæœÆŒøØłŁđĐðÐþÞı€£¿¡«»–—…‘’“”°½©™•❤☺★"


@cache
def wren() -> Face:
    return load((files("fonts") / "faces" / "wren.txt").read_text(encoding="utf-8"))


def drawn(knots: str) -> Stroke:
    """The one stroke that a line of knots draws."""
    (one,) = load(f"face test\nglyph a 1\n  pen {knots}\n").glyphs["a"][0].strokes
    return one


def ink(glyph: Glyph) -> Stroke:
    return np.concatenate((*glyph.strokes, *glyph.late))


def turning(one: Stroke) -> Stroke:
    """Degrees turned at each inner point."""
    d = np.diff(one, axis=0)
    way = np.arctan2(d[:, 1], d[:, 0])
    return np.degrees(np.abs(np.angle(np.exp(1j * np.diff(way)))))


# ------------------------------------------------------------------------------------------------ the spline


def test_four_quarters_of_a_circle() -> None:
    r = np.hypot(*drawn("1,0@90 0,1 -1,0 0,-1 1,0@90").T)
    assert np.abs(r - 1).max() < 0.001


def test_two_knots_are_a_straight_line() -> None:
    one = drawn("0,0 1,2")
    assert np.abs(one[:, 1] - 2 * one[:, 0]).max() < 1e-12


def test_three_knots_in_line_stay_in_line() -> None:
    one = drawn("0,0 1,1 3,3")
    assert np.abs(one[:, 1] - one[:, 0]).max() < 1e-9


def test_given_directions_are_kept() -> None:
    one = drawn("0,0@90 1,0@-90")
    d = np.diff(one, axis=0)
    assert math.degrees(math.atan2(d[0, 1], d[0, 0])) == pytest.approx(90, abs=6)
    assert math.degrees(math.atan2(d[-1, 1], d[-1, 0])) == pytest.approx(-90, abs=6)
    assert one[:, 1].max() == pytest.approx(0.5, abs=0.01)  # Hobby's half turn is nearly a half circle


def test_two_directions_of_one_chord_by_hand() -> None:
    """theta 45, phi 0 degrees: velocities worked out from the formula by hand, then the middle of the cubic."""
    st_, ct = math.sin(math.pi / 4), math.cos(math.pi / 4)
    k1, k2 = (math.sqrt(5) - 1) / 2, (3 - math.sqrt(5)) / 2
    rho = (2 + math.sqrt(2) * st_ * (-st_ / 16) * (ct - 1)) / (3 * (1 + k1 * ct + k2))
    sigma = (2 + math.sqrt(2) * (-st_ / 16) * st_ * (1 - ct)) / (3 * (1 + k1 + k2 * ct))
    middle = (1 + 3 * rho * ct + 3 * (1 - sigma)) / 8, 3 * rho * st_ / 8
    (one,) = solve([[Knot(0, 0, into=45, out=45), Knot(1, 0, into=0, out=0)]], 0.002)
    assert np.hypot(*(one - middle).T).min() < 0.002


def test_a_corner_splits_the_curve() -> None:
    assert turning(drawn("0,1 .5,0! 1,1")).max() == pytest.approx(126.87, abs=0.1)
    assert turning(drawn("0,1 .5,0 1,1")).max() < 30


def test_straight_lines_between_curves() -> None:
    sharp, smooth = drawn("0,0 1,0 -- 2,0 3,1"), drawn("0,.4 1,0 --- 2,0 3,1")
    for one in (sharp, smooth):
        between = one[(one[:, 0] > 1) & (one[:, 0] < 2)]
        assert np.abs(between[:, 1]).max() < 1e-9
    assert turning(smooth).max() < 10


def test_higher_tension_is_nearer_the_chord() -> None:
    assert drawn("0,0@90~2 1,0@-90")[:, 1].max() < 0.6 * drawn("0,0@90 1,0@-90")[:, 1].max()


def test_points_are_dense_and_even() -> None:
    for one in (stroke for forms in wren().glyphs.values() for form in forms for stroke in form.strokes):
        step = np.hypot(*np.diff(one, axis=0).T)
        assert step.max() <= 1.4 * STEP  # before the face's own width stretches it
        assert step.min() > 0


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=2, max_size=7, unique=True))
def test_the_curve_runs_through_its_knots(points: list[tuple[int, int]]) -> None:
    knots = [Knot(x / 10, y / 10, corner=True) for x, y in points]
    (one,) = solve([knots], 0.035)
    for knot in knots:
        assert np.hypot(one[:, 0] - knot.x, one[:, 1] - knot.y).min() < 1e-9


def test_the_same_piece_alone_or_among_others() -> None:
    a = [Knot(0, 0), Knot(1, 1), Knot(2, 0)]
    b = [Knot(0, 1), Knot(1, 3), Knot(2, -1)]
    np.testing.assert_array_equal(solve([a], 0.05)[0], solve([b, a], 0.05)[1])


def test_one_knot_is_a_dot() -> None:
    np.testing.assert_array_equal(drawn("1,2"), [[1, 2]])


# ------------------------------------------------------------------------------------------------ the text


def test_metrics_joins_and_options_are_read() -> None:
    face = load(
        "# a face\nface two\ntitle Two of us\nstyle cursive\nlean 45\nwide 2\nascender 2.1\ndescender -.9\ncap 1.7\n"
        "space .8\n\nglyph U+0061 1.5 low>high weight=.4 places=initial,final before=e,o\n"
        "  pen 0,0 0,1\n  late 1,1\n  top .5,1\n  pen 2,0\n  + 2,1\nglyph a 1\n  use a 1,0 .5\n"
    )
    assert (face.name, face.title, face.style, face.slant_deg) == ("two", "Two of us", "cursive", 45)
    assert (face.ascender, face.descender, face.cap_height, face.word_space) == (2.1, -0.9, 1.7, 0.8)
    first, second = face.glyphs["a"]
    assert (first.entry, first.exit, first.advance, first.weight) == ("low", "high", 3.0, 0.4)
    assert first.places == {"initial", "final"}
    assert first.before == {"e", "o"}
    np.testing.assert_allclose(first.strokes[0][-1], [1, 1])  # sheared
    np.testing.assert_allclose(first.late[0], [[3, 1]])  # stretched and sheared
    assert first.anchors["top"] == pytest.approx((2, 1))
    np.testing.assert_allclose(second.strokes[0][0], [2, 0])
    assert len(second.strokes) == 2


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("glyph a 1\n  pen 0,0 1;1\n", 2, 11, "not a knot"),
        ("glyph a 1\n  pen 0,0 0,0\n", 2, 11, "one place"),
        ("glyph a 1\n  pen 0,0 -- -- 1,1\n", 2, 14, "between two knots"),
        ("glyph a 1\n  pen 0,0 1,1 --\n", 2, 11, "leads nowhere"),
        ("glyph a 1\n  pen 0,0~.5 1,1\n", 2, 7, "tension"),
        ("glyph a 1\n  pen\n", 2, 3, "has knots"),
        ("glyph a 1\n  + 1,1\n", 2, 3, r"'\+' goes on"),
        ("glyph a 1\n", 1, 1, "no stroke"),
        ("glyph a\n", 1, 1, "an advance"),
        ("glyph ab 1\n", 1, 7, "one character"),
        ("glyph a wide\n", 1, 9, "a number"),
        ("glyph a 1 low>mid\n", 1, 11, "'low>mid'"),
        ("pen 0,0\n", 1, 1, "before the first glyph"),
        ("glyph a 1\n  pan 0,0\n", 2, 3, "unknown command 'pan'"),
        ("glyph a 1\n  use b 0,0\n", 2, 7, "no glyph 'b'"),
        ("glyph a 1\n  use b\n", 2, 3, "use names"),
        ("glyph a 1\n  top 1\n", 2, 3, "one place"),
        ("lean much\n", 1, 1, "one number"),
        ("style fancy\n", 1, 1, "print, mixed or cursive"),
        ("glyph a 1\n  pen 0,0@90 .1,0@89 0,-1\n", 2, 7, "turns"),
    ],
)
def test_faults_name_line_and_column(text: str, line: int, column: int, words: str) -> None:
    if "turns" in words:
        text = "glyph a 1\n  pen 0,0@170 1,0@-170\n"
    with pytest.raises(KnotError, match=words) as caught:
        load(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


# ------------------------------------------------------------------------------------------------ Wren


def test_every_character_asked_for_is_drawn() -> None:
    assert [char for char in ASCII + SPECIALS if char not in wren().glyphs] == []


def test_forms_enough() -> None:
    glyphs = wren().glyphs
    assert [c for c in ASCII if c.isalnum() and len(glyphs[c]) < 2] == []
    assert [c for c in "estrfgk" if len(glyphs[c]) < 3] == []


def test_no_two_forms_of_a_character_are_alike() -> None:
    for char, forms in wren().glyphs.items():
        for a, b in combinations(forms, 2):
            same = len(a.strokes) == len(b.strokes) and all(
                len(x) == len(y) and np.abs(x - y).max() < 0.03 for x, y in zip(a.strokes, b.strokes, strict=True)
            )
            assert not same, char


def test_the_main_form_may_stand_anywhere() -> None:
    for char, forms in wren().glyphs.items():
        assert forms[0].places | forms[0].before | forms[0].after == frozenset(), char
        assert forms[0].weight == max(form.weight for form in forms), char


def test_exits_are_where_they_say() -> None:
    for char, forms in wren().glyphs.items():
        for number, form in enumerate(forms, start=1):
            x, y = form.strokes[-1][-1]
            if form.exit == "low":
                assert -0.05 < y < 0.3, (char, number)
            elif form.exit == "high":
                assert 0.6 < y < 1.1, (char, number)
            if form.exit != "none":
                assert 0.0 < form.advance - x < 0.25, (char, number)
                ahead = form.strokes[-1][-1] - form.strokes[-1][-4]
                assert ahead[0] > 0, (char, number)


def test_letters_that_never_join_on() -> None:
    glyphs = wren().glyphs
    assert all(form.exit == "none" for char in "spqj" for form in glyphs[char])
    assert all(form.entry == form.exit == "none" for char in ASCII if not char.islower() for form in glyphs[char])


def test_bowls_begin_at_the_upper_right() -> None:
    for char in "adgoqc":
        for form in wren().glyphs[char]:
            one = form.strokes[0]
            bowl = one[: 10 + int(np.argmin(one[:60, 0]))]
            assert one[0, 1] > 0.7, char
            assert one[0, 0] > bowl[:, 0].mean(), char


def test_bowls_stay_open() -> None:
    """People leave .1 to .3 between where a bowl begins and where it closes."""
    for char in "oO0":
        for form in wren().glyphs[char][:1]:
            one = form.strokes[0]
            half = len(one) // 2
            assert np.hypot(*(one[half:] - one[0]).T).min() > 0.05, char
    for char in "abdgpq":
        one = wren().glyphs[char][0].strokes[0]
        late = np.cumsum(np.hypot(*np.diff(one, axis=0).T)) > 1.5
        if char in "bp":
            assert np.hypot(*(one[1:][late] - one[-1]).T)[:-20].min() > 0.05, char
        else:
            assert np.hypot(*(one[1:][late] - one[0]).T).min() > 0.04, char


def test_no_curve_makes_a_loop_of_its_own_accord() -> None:
    """Between two knots no piece meets itself."""
    text = (files("fonts") / "faces" / "wren.txt").read_text(encoding="utf-8")
    strokes = [one for form in parse(text).forms for one in (*form.pen, *form.late) if len(one) > 1]
    for knots, one in zip(strokes, solve(strokes, 0.02), strict=True):
        at = [0]
        for knot in knots[1:]:
            near = np.hypot(one[at[-1] + 1 :, 0] - knot.x, one[at[-1] + 1 :, 1] - knot.y) < 0.012
            at.append(at[-1] + 1 + int(np.argmax(near)))
        for k, (a, b) in enumerate(pairwise(at)):
            piece = one[a : b + 1]
            if b - a < 4:
                continue
            chord = math.hypot(knots[k + 1].x - knots[k].x, knots[k + 1].y - knots[k].y)
            assert length(piece) < 2.2 * chord, (knots[k].at, length(piece) / chord)


def test_letters_keep_to_their_lines() -> None:
    face = wren()
    for char in "acegmnorsuvwxyz":
        for form in face.glyphs[char]:
            assert 0.8 < ink(form)[:, 1].max() < 1.1, char
    for char in "bdfhkl":
        for form in face.glyphs[char]:
            assert 1.8 < ink(form)[:, 1].max() < 2.05, char
    for char in "gjpqy":
        for form in face.glyphs[char]:
            assert -1.05 < ink(form)[:, 1].min() < -0.8, char
    for char in filter(str.isupper, ASCII):
        for form in face.glyphs[char]:
            assert 1.6 < ink(form)[:, 1].max() < 1.85, char


def test_bars_and_dots_come_late() -> None:
    for char in "tij":
        # Of tt the first carries the bar of both.
        assert all(form.late for form in wren().glyphs[char] if char not in form.after)


def test_stems_are_not_ruled() -> None:
    """People draw some .05 of their ink within 2.5 degrees of upright, a drafting face .08 and more."""
    near = total = 0.0
    for char in "abcdefghijklmnopqrstuvwxyz":
        for one in wren().glyphs[char][0].strokes:
            d = np.diff(one, axis=0)
            size = np.hypot(*d.T)
            off = np.degrees(np.abs(np.arctan2(d[:, 0], d[:, 1])))
            near += float(size[np.minimum(off, 180 - off) < 2.5].sum())
            total += float(size.sum())
    assert near / total < 0.08


def test_a_specimen_holds_all_forms_on_its_sheet() -> None:
    face = wren()
    made = sheet(face, width_mm=180, xheight_mm=3, characters=("abc", "é"))
    assert len(made.strokes) == sum(len(f.strokes) + len(f.late) for c in "abc" for f in face.glyphs[c])
    box = bounds(made.strokes)
    assert box.x0 > 0
    assert box.y0 > 0
    assert box.x1 < made.width_mm
    assert box.y1 < made.height_mm
