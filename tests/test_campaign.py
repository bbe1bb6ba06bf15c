"""The fault campaign: a smaller one than `./run faults`, and proof that it can fail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

import bench.trialrun
from bench.faults import main, shrunk
from bench.trial import BOARDS, KINDS, MACHINES, UNSEEN, Trial, can_have, pair, parse, trial
from bench.trialrun import run
from plotter.faults import Card
from plotter.machine import Machine
from plotter.simfaults import faults
from plotter.stream import Outcome

SOME = 12  # trials a kind; `./run faults` makes 600 and more


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_goes_out_that_is_not_right(kind: str) -> None:
    found = [run(trial(seed, kind)) for seed in range(SOME)]
    assert not [(one.trial, one.problems) for one in found if one.problems]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if can_have("ebb", kind)])
def test_nothing_goes_out_of_an_eibotboard_that_is_not_right(board: str, kind: str) -> None:
    found = [run(trial(seed, kind, board)) for seed in range(SOME // 2)]
    assert not [(one.trial, one.problems) for one in found if one.problems]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*UNSEEN, "none")])
def test_two_faults_on_one_card_spoil_none_that_goes_out(kind: str) -> None:
    found = [run(pair(seed, kind)) for seed in range(SOME)]
    assert not [(one.trial, one.problems) for one in found if one.problems]


@pytest.mark.parametrize(
    "text",
    [
        # A doubled answer seemed to prove that the stroke under the pen was drawn: its rest was left out.
        "802475:servo/4/lift@lower:1+0.1667&double-ok:20@stream",
        "4253:servo/6/lift@lower:3+0.1575&double-ok:20@stream",
        # The line that was to lift the pen of a locked machine pressed it down: that was called blank.
        "9064:servo-homing/8/double-in:91@stream&hard-limit@stream+0.9089",
        "800149:servo/7/stop@up:1&double-ok:43@stream",
        # A doubled digit pressed the pen onto the paper just when it was to be lifted: that was called whole.
        "800154:servo/7/lift@stream&double-in:21@stream",
        # The place after braking was looked for on ink already drawn.
        "36:ebb3/7/stop@up:1+0.372&deaf:0.3462@lower:2+0.283",
        # A board that had restarted, unheard, went on with what it was sent, from nowhere.
        "56:ebb/8/stop@lower:1+0.4&reset@lower:1+0.3309",
    ],
)
def test_two_faults_that_once_went_wrong(text: str) -> None:
    assert run(parse(text)).problems == []


def test_faults_come_to_pass() -> None:
    """A campaign of faults that never happen would be green for ever."""
    for kind in ("drop-in", "lose-ok", "unplug", "reset", "hard-limit", "stop"):
        cards = {run(trial(seed, kind)).attempts[0].card for seed in range(SOME)}
        assert cards != {Card.WHOLE} or kind in ("drop-in", "lose-ok"), kind


def test_a_damaged_first_report_is_not_where_the_machine_stands() -> None:
    """`<Idle|MPos:-299000,...`: the point was lost, and the pen seemed off its way before it had moved."""
    found = run(parse("1744:servo-homing/8/drop-out:15@stream"))
    assert [one.card for one in found.attempts] == [Card.WHOLE]


def test_a_trial_is_a_line_of_text() -> None:
    for seed in range(200):
        assert parse(str(trial(seed))) == trial(seed)
        assert parse(str(pair(seed))) == pair(seed)
    with pytest.raises(ValueError, match="no trial"):
        parse("17")
    with pytest.raises(ValueError, match="no machine"):
        parse("1:lathe/3/unplug@2")


def test_the_same_trial_ends_the_same() -> None:
    one = trial(31)
    assert run(one) == run(one)


def _told(change: dict[Card, Card]) -> Iterator[None]:
    """A stream that calls cards by other names."""
    real = bench.trialrun.stream

    def lying(*args: object, **more: object) -> Outcome:
        outcome: Outcome = real(*args, **more)  # type: ignore[arg-type]
        return replace(outcome, card=change.get(outcome.card, outcome.card))

    bench.trialrun.stream = lying  # type: ignore[assignment]
    yield
    bench.trialrun.stream = real


@pytest.fixture
def everything_is_whole() -> Iterator[None]:
    yield from _told({Card.SPOILED: Card.WHOLE, Card.LOOK: Card.WHOLE, Card.RESUMABLE: Card.WHOLE})


@pytest.mark.usefixtures("everything_is_whole")
def test_a_half_card_that_is_called_whole_is_found_and_shrunk() -> None:
    bad = parse("4:servo/6/unplug@down:3+0.05")
    found = run(bad)
    assert any("without all of stroke" in one for one in found.problems)
    small, result = shrunk(bad)
    assert result.problems
    assert (small.strokes, small.fault.at.seconds) <= (bad.strokes, bad.fault.at.seconds)


def test_ink_astray_is_found() -> None:
    """A machine that draws elsewhere than it says, and nobody checks it."""
    lost = Trial(3, "servo", 4, faults("lost-steps:x,16@down:2")[0])  # 0.2 mm: less than an eye sees
    found = run(lost)
    assert found.undetected_mm > 0.1
    checked = run(replace(lost, machine="servo-homing"))
    assert checked.seen_by == "check"
    assert checked.undetected_mm < 0.1


def test_a_card_written_twice_is_found() -> None:
    path = trial(5, "none").path()
    twice = replace(path, strokes=(*path.strokes, path.strokes[0]))
    sheet = bench.trialrun._as_meant(twice)
    passes = bench.trialrun._passes(sheet, path)
    assert bench.trialrun._longest(passes[0] > 1) > bench.trialrun.TWICE


def test_the_table_and_a_single_trial(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "30", "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "| drop-in | 1 |" in said
    assert "30 cards, 0 wrong" in said
    assert main(["--trial", "4:servo/3/unplug@down:2+0.05"]) == 0
    assert "pen could not be lifted" in capsys.readouterr().out


def test_no_byte_is_lost_between_an_eibotboard_and_its_host() -> None:
    with pytest.raises(SystemExit):
        main(["--machine", "ebb", "--kind", "drop-in"])
    possible = {kind for kind in KINDS if can_have("ebb3", kind)}
    assert {trial(seed, machine="ebb3").kind for seed in range(100)} == possible


def test_every_machine_has_a_turn() -> None:
    assert {trial(seed).machine for seed in range(200)} == set(MACHINES)
    assert all(isinstance(one, Machine) for one in MACHINES.values())
