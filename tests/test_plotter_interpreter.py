"""What a line means to GRBL 1.1, and each way in which it is refused."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.interpreter import (
    Coolant,
    Dwell,
    End,
    GcodeError,
    Interpreter,
    Motion,
    Offsets,
    Pause,
    Probe,
    Spindle,
    Store,
)
from plotter.words import ERRORS, clean, number


def after(*lines: str) -> Interpreter:
    """An interpreter that has read these lines."""
    interpreter = Interpreter()
    for line in lines:
        interpreter.line(line)
    return interpreter


# ---------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("g1 x 1.0 f600", "G1X1.0F600"),
        ("G90 (a comment) G21", "G90G21"),
        ("G90 ; a comment )G21", "G90"),
        ("/G21", "G21"),
        ("G0X1(open", "G0X1"),
        ("", ""),
        ("  \t", ""),
        ("%", "%"),
        ("(" + "x" * 200 + ")G21", "G21"),
        ("G1X1" + "0" * 75, "G1X1" + "0" * 75),
    ],
)
def test_reading_strips_blanks_comments_and_case(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_eighty_characters_are_too_many() -> None:
    with pytest.raises(GcodeError, match="79"):
        clean("G1X1." + "0" * 75)


@pytest.mark.parametrize(
    ("text", "value", "end"),
    [("1.5Y", 1.5, 3), ("-.5", -0.5, 3), ("+7.", 7.0, 3), ("1.2.3", 1.2, 3), ("123456789012", 123456780000.0, 12)],
)
def test_numbers_are_read_as_grbl_reads_them(text: str, value: float, end: int) -> None:
    assert number(text, 0) == (pytest.approx(value), end)


# ---------------------------------------------------------------------- refusals

_WRONG = [
    (1, "", "1X5"),
    (1, "", "%"),
    (2, "", "X"),
    (2, "", "G1X"),
    (2, "", "G1XA"),
    (2, "", "G1X-"),
    (4, "", "M3S-1"),
    (4, "", "F-1"),
    (11, "", "G1" + "X1" * 40),
    (20, "", "G99"),
    (20, "", "M6T1"),
    (20, "", "M7"),
    (20, "", "A1"),
    (20, "", "G90.1"),
    (20, "", "G61.1"),
    (20, "", "G43Z1"),
    (20, "", "G38.1Z1"),
    (20, "", "G28.2"),
    (20, "", "G10L3P1X0"),
    (20, "", "G10L2P1X0R1"),
    (21, "", "G90G91"),
    (21, "", "M3M5"),
    (21, "", "G0G80"),
    (22, "", "G1X1"),
    (22, "", "G2X1I1"),
    (22, "G93", "G1X1"),
    (23, "", "G1.5X1"),
    (23, "", "M3.1"),
    (23, "", "G54.1"),
    (24, "", "G1G2X1Y1"),
    (24, "", "G0G92X1"),
    (24, "", "G28G10L2P1X0"),
    (25, "F100", "G1X1X2"),
    (26, "", "G10"),
    (26, "", "G92"),
    (26, "F100", "G2I1"),
    (26, "F100", "G38.2"),
    (27, "", "N10000001"),
    (28, "", "G4"),
    (28, "", "G10X0"),
    (29, "", "G10L2P7X0"),
    (30, "F100", "G53G2X1I1"),
    (30, "G80", "G53X1"),
    (31, "", "G80X1"),
    (31, "G80", "X1"),
    (32, "F100", "G2Z1I1"),
    (33, "F100", "G2X10I1"),
    (33, "F100", "G2X0R1"),
    (33, "F100", "G38.2X0"),
    (34, "F100", "G2X10R1"),
    (35, "F100", "G2X1"),
    (36, "", "G21P1"),
    (36, "F100", "G1X1I1"),
    (36, "", "R3"),
    (37, "", "G43.1X1"),
    (37, "", "G43.1X1Z1"),
    (38, "", "T300"),
]


@pytest.mark.parametrize(("code", "before", "line"), _WRONG)
def test_a_wrong_line_is_refused_with_grbls_number_and_changes_nothing(code: int, before: str, line: str) -> None:
    interpreter = after(before)
    was = vars(interpreter.modes).copy(), dict(interpreter.memory.places)
    with pytest.raises(GcodeError) as refused:
        interpreter.line(line)
    assert refused.value.code == code
    assert (vars(interpreter.modes), interpreter.memory.places) == was


@pytest.mark.parametrize(
    ("code", "line"),
    [(22, "$J=G91X5"), (36, "$J=X5F100S10"), (35, "$J=G2X1Y1F100"), (16, "$J=G0X5F100"), (16, "$J=M3X5F100")],
)
def test_a_wrong_jog_is_refused(code: int, line: str) -> None:
    with pytest.raises(GcodeError) as refused:
        Interpreter().jog(line)
    assert refused.value.code == code


def test_every_number_has_words() -> None:
    assert set(ERRORS) == {*range(1, 18), *range(20, 39)}
    assert str(GcodeError(20)) == "error:20 (unsupported command)"


def test_a_dollar_statement_is_no_gcode() -> None:
    with pytest.raises(GcodeError, match="statement"):
        Interpreter().line("$H")


# ---------------------------------------------------------------------- meaning


def test_modal_state_carries_over() -> None:
    interpreter = after("G1F600", "X1.5")
    assert interpreter.line("Y2") == (Motion((1.5, 2.0, 0.0), 600.0),)
    assert interpreter.line("G0X0Z1") == (Motion((0.0, 2.0, 1.0), None),)
    assert interpreter.line("G1") == ()
    assert interpreter.line("X5F300") == (Motion((5.0, 2.0, 1.0), 300.0),)


def test_units_distances_and_machine_coordinates() -> None:
    interpreter = after("G20G91F10")
    assert interpreter.line("G1X1") == (Motion((25.4, 0.0, 0.0), 254.0),)
    assert interpreter.line("X1") == (Motion((50.8, 0.0, 0.0), 254.0),)
    assert interpreter.line("G53G0X0") == (Motion((0.0, 0.0, 0.0), None),)
    assert interpreter.line("G21G90G0X7") == (Motion((7.0, 0.0, 0.0), None),)


def test_inverse_time_says_how_often_a_minute_the_move_could_be_made() -> None:
    assert after("G93").line("G1X10F2") == (Motion((10.0, 0.0, 0.0), 20.0),)


def test_offsets_shift_targets() -> None:
    interpreter = after("G10L2P1X100", "G92Y-5", "G43.1Z2")
    assert interpreter.offset == (100.0, 5.0, 2.0)
    assert interpreter.line("G0X1Y1Z1") == (Motion((101.0, 6.0, 3.0), None),)
    interpreter.line("G92.1")
    interpreter.line("G49")
    assert interpreter.offset == (100.0, 0.0, 0.0)
    assert interpreter.line("G10L20P1X0") == (Store("G54", (101.0, 0.0, 0.0), changed=True), Offsets())
    assert interpreter.line("G55X0") == (Offsets(), Motion((0.0, 6.0, 3.0), None))


def test_home_goes_by_the_way_point_and_only_on_the_named_axes() -> None:
    interpreter = after("G0X10Y20", "G28.1", "G0X0Y0")
    assert interpreter.line("G91G28X1") == (Motion((1.0, 0.0, 0.0), None), Motion((10.0, 0.0, 0.0), None))
    assert interpreter.line("G90G28") == (Motion((10.0, 20.0, 0.0), None),)
    assert interpreter.position == (10.0, 20.0, 0.0)


def test_the_pwm_is_set_when_s_or_direction_change() -> None:
    interpreter = Interpreter()
    assert interpreter.line("S500") == ()
    assert interpreter.line("M3") == (Spindle(3, 500.0),)
    assert interpreter.line("M3S500") == ()
    assert interpreter.line("S700") == (Spindle(3, 700.0),)
    assert interpreter.line("M5") == (Spindle(5, 700.0),)


def test_dwell_coolant_pause_probe_and_end() -> None:
    interpreter = after("F100")
    assert interpreter.line("G4P0.1") == (Dwell(0.1),)
    assert interpreter.line("M8") == (Coolant(True),)
    assert interpreter.line("M0") == (Pause(),)
    assert interpreter.line("M1") == ()
    assert interpreter.line("G38.2Z-1") == (Probe((0.0, 0.0, -1.0), 100.0, strict=True),)
    assert interpreter.line("G91M30") == (End(), Offsets())
    assert (interpreter.modes.relative, interpreter.modes.motion) == (False, 1.0)


def test_a_jog_leaves_the_modes_alone() -> None:
    interpreter = after("G90G21F100", "G0X1")
    assert interpreter.jog("$J=G91G20X1F10") == (Motion((26.4, 0.0, 0.0), 254.0),)
    assert interpreter.line("G1X2") == (Motion((2.0, 0.0, 0.0), 100.0),)


@pytest.mark.parametrize(("word", "side"), [("G2", 1.0), ("G3", -1.0)])
def test_a_half_circle_bulges_to_its_side_within_the_tolerance(word: str, side: float) -> None:
    moves = after("F600").line(f"{word}X20I10")
    points = [move.target for move in moves if isinstance(move, Motion)]
    assert points[-1] == (20.0, 0.0, 0.0)
    assert max(p[1] * side for p in points) == pytest.approx(10, abs=0.01)
    assert all(math.dist(p, (10.0, 0.0, 0.0)) == pytest.approx(10, abs=1e-9) for p in points)
    # The sagitta of a chord is at most $12, but for the rounding down of the number of chords.
    chord = math.dist((0.0, 0.0, 0.0), points[0])
    assert 10 - math.sqrt(100 - chord**2 / 4) <= 0.0021


def test_centre_and_radius_forms_are_the_same_arc() -> None:
    by_radius = after("F600").line("G2X10Y10R10")
    by_centre = after("F600").line("G2X10Y10I10")
    assert len(by_radius) == len(by_centre)
    for a, b in zip(by_radius, by_centre, strict=True):
        assert isinstance(a, Motion)
        assert isinstance(b, Motion)
        assert a.target == pytest.approx(b.target)


def test_an_arc_back_to_its_start_is_a_whole_circle() -> None:
    points = [move.target for move in after("F600").line("G3X0Y0I5") if isinstance(move, Motion)]
    assert max(p[0] for p in points) == pytest.approx(10, abs=0.01)


# ---------------------------------------------------------------------- the short road

_places = {a: st.decimals(-999, 999, places=2).map(lambda v, a=a: f"{a}{v}".replace("0.", ".")) for a in "XYZIJ"}
_feeds = st.one_of(st.just(""), st.integers(0, 9999).map(lambda v: f"F{v}"))
_moves = st.builds(
    lambda g, x, y, z, f: f"{g}{x}{y}{z}{f}",
    st.sampled_from(["", "G0", "G1"]),
    *(st.one_of(st.just(""), _places[a]) for a in "XYZ"),
    _feeds,
)
# Ends on a circle, and ends that are not.
_arcs = st.builds(
    lambda g, off, f: f"{g}X{3 + off}Y4.I3J4.{f}",
    st.sampled_from(["", "G2", "G3"]),
    st.sampled_from([0, 3, 0.01]),
    _feeds,
)
_others = st.sampled_from(
    [
        "P.0499G4",
        "P.0499G4N0",
        "P-1G4",
        "G4P0N0",
        "G4P1.5",
        "S100",
        "S90N0",
        "S250",
        "M3S200",
        "M5",
        "G18",
        "G17",
        "G91",
        "G90",
        "G93",
    ]
)
_words = st.one_of(_moves, _arcs, st.builds("".join, st.tuples(*_places.values())), _others)


@given(st.lists(_words, max_size=8))
def test_the_short_road_means_what_the_long_one_means(lines: list[str]) -> None:
    short, long = Interpreter(), Interpreter()
    for line in lines:
        outcomes = []
        # A comment keeps a line off the short road.
        for interpreter, text in ((short, line), (long, f"{line}()")):
            try:
                outcomes.append(interpreter.line(text))
            except GcodeError as error:
                outcomes.append(error.code)
        assert outcomes[0] == outcomes[1]
        assert vars(short.modes) == vars(long.modes)


@given(st.text(st.characters(max_codepoint=127), max_size=90))
def test_any_text_is_meant_or_refused(text: str) -> None:
    with contextlib.suppress(GcodeError):
        Interpreter().line(text)
