"""The life of a job as a table, ids, and the words for waiting."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.job import (
    FIRST,
    OPEN,
    TRANSITIONS,
    Condition,
    Ids,
    Job,
    Mode,
    PlotterRow,
    State,
    diagram,
    sources,
)
from jobs.note import Note
from jobs.rows import pack_ink, unpack_ink
from jobs.waiting import HOMES_WHEN_LOADED, waiting_for
from plotter.strokes import stroke


def test_every_state_can_be_reached_and_only_one_is_final() -> None:
    reached = set(FIRST)
    while more := {b for (a, b) in TRANSITIONS if a in reached} - reached:
        reached |= more
    assert reached == set(State)
    assert {s for s in State if not any(a is s for a, _ in TRANSITIONS)} == {State.CANCELLED}


def test_only_a_person_leads_from_ink_to_a_second_card() -> None:
    inked = {State.WRITING, State.INTERRUPTED, State.DONE, State.QUARANTINED}
    for (a, b), rule in TRANSITIONS.items():
        if a in inked and b not in inked:
            assert rule.who == ("person",)
        if b in inked:
            assert a in inked | {State.CLAIMED}
    assert sources(State.READY, "sweeper") == (State.CLAIMED,)
    assert sources(State.WRITING, "person") == (State.INTERRUPTED,)  # the same card, gone on with
    assert set(OPEN) == {State.CLAIMED, State.WRITING, State.INTERRUPTED}


def test_the_diagram_has_every_move_and_no_other() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    arrows = [re.fullmatch(r"    (\S+) --> (\S+?)(?:: [^:]+)?", line) for line in lines[1:]]
    assert all(arrows)
    moves = {(m[1], m[2]) for m in arrows if m and "[*]" not in m.groups()}
    assert moves == {(str(a), str(b)) for a, b in TRANSITIONS}
    assert "    cancelled --> [*]" in lines


def test_ids_sort_by_the_time_they_were_made() -> None:
    at = [1_000]
    ids = Ids(ms=lambda: at[0], bits=lambda n: (1 << n) - 1)
    made = []
    for ms in (1_000, 1_000, 1_001, 999, 5_000):
        at[0] = ms
        made.append(ids.new("job"))
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"job_[0-9a-hjkmnp-tv-z]{26}", one) for one in made)
    many = [Ids().new("bat") for _ in range(100)]
    assert len(set(many)) == 100


def test_the_console_hears_of_every_state_and_condition() -> None:
    text = (Path(__file__).parent.parent / "console" / "stream.js").read_text(encoding="utf-8")
    for name, words in (("JOB", State), ("PLOTTER", Condition)):
        [heard] = re.findall(rf"const {name} = \[(.*)\]", text)
        assert set(re.findall(r"\w+", heard)) == set(words)


def test_ink_comes_back_to_a_thousandth() -> None:
    ink = [stroke([[0.12345, 9.0], [1, 2]]), stroke([[3, 4]])]
    back = unpack_ink(pack_ink(ink))
    assert [s.tolist() for s in back] == [[[0.123, 9.0], [1.0, 2.0]], [[3.0, 4.0]]]


NOW = datetime(2026, 11, 22, tzinfo=UTC)
JOB = Job(
    id="job_1", state=State.READY, note=Note(hand="wren", stock="a6", text="{x}"), words="hi {there}", lines=1,
    strokes=3, ink_mm=9, priority=0, hold=False, plotter=None, external_id=None, metadata={}, batch=None, row=None,
    attempts=0, reason="", warnings=(), created_at=NOW, updated_at=NOW,
)  # fmt: skip
PLOTTER = PlotterRow(
    name="left", mode=Mode.ACTIVE, condition=Condition.IDLE, reason="", blanks=3, capacity=9, loaded_stock="a6",
    boot="boot_1", seen_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("job", "plotters", "words"),
    [
        ({}, [], "no plotter is running"),
        ({"plotter": "mid"}, [{}], "no plotter called mid is running"),
        ({}, [{"boot": None}], "no plotter is running"),
        ({}, [{}], "a plotter takes it next"),
        ({}, [{"mode": Mode.PAUSED}], "^left is paused$"),
        ({}, [{"reason": "Ana has its controls"}], "^left: Ana has its controls$"),
        ({}, [{"blanks": 0}], "^left: load a6 blanks$"),
        ({}, [{"loaded_stock": "c6"}], "^left: load a6 blanks$"),
        ({}, [{"condition": Condition.OFFLINE, "reason": "unplugged"}], "^left is offline$"),
        ({}, [{"condition": Condition.OFFLINE, "reason": HOMES_WHEN_LOADED}], "^left: load a6 blanks$"),
        (
            {},
            [{"condition": Condition.FAULT}, {"name": "right", "condition": Condition.FAULT}],
            "^left and right have ",
        ),
        ({}, [{"blanks": 0}, {"name": "right", "blanks": 0}], "^left, right: load a6 blanks$"),
        (
            {},
            [{"name": n, "condition": Condition.ATTENTION, "reason": "look at job_7", "job": "job_7"} for n in "abc"],
            "^a, b and c wait for your decision about a card$",
        ),
        ({}, [{"condition": Condition.ATTENTION, "reason": "change the pen"}], "^left needs a person; the panel"),
        ({"state": State.QUARANTINED, "on": "left", "reason": "0.3 mm off"}, [{}], "written on left .*0.3 mm off"),
        ({}, [{"condition": Condition.WRITING, "job": "job_2", "blanks": 0}], "its turn: left is writing another card"),
        ({}, [{"blanks": 0}, {"name": "right", "mode": Mode.PAUSED}], "^left: load a6 blanks; right is paused$"),
        ({"state": State.HELD, "hold": True}, [{}], "it is held"),
        ({"state": State.HELD, "batch": "bat_1"}, [{}], "its batch has not been started"),
        ({"state": State.FAILED, "reason": "too wide"}, [{}], "it failed: too wide"),
        ({"state": State.INTERRUPTED, "on": "left", "reason": "dry"}, [{}], "look at the card on left .*dry"),
    ],
)
def test_why_a_job_waits(job: dict[str, object], plotters: list[dict[str, object]], words: str) -> None:
    said = waiting_for(replace(JOB, **job), [replace(PLOTTER, **one) for one in plotters])
    assert re.search(words, said or "")


@pytest.mark.parametrize("state", [State.CLAIMED, State.WRITING, State.DONE, State.CANCELLED])
def test_no_words_when_nothing_is_waited_for(state: State) -> None:
    assert waiting_for(replace(JOB, state=state), [PLOTTER]) is None


def test_a_job_is_written_in_the_words_it_was_ordered_in() -> None:
    from jobs.note import merge

    ordered = JOB.as_ordered()
    assert ordered.template is None
    assert merge(ordered.text or "", ordered.fields) == "hi {there}"
