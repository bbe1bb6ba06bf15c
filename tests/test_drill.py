"""The crash drill: killed servers lose no card and write none twice, and the drill would see it if they did."""

from pathlib import Path

from bench.drill import Kill, Report, drill, table


def test_killed_at_four_moments_every_card_is_written_and_none_again_without_a_word(tmp_path: Path) -> None:
    report = drill(tmp_path, kills=4, speed=25, seed=3)
    assert report.faults() == [], table(report)
    assert len(report.ends) == 12
    assert sum(report.fresh.values()) > 0, "no kill met a card under the pen: the drill has shown nothing"


def test_the_drill_sees_a_lost_job_a_second_card_and_a_silent_return() -> None:
    kill = Kill("a moment", before={"A": "writing", "B": "ready", "C": "ready"}, after={"A": "ready", "B": "ready"})
    ends, fresh = {"A": "done", "B": "done", "C": "held"}, {"B": 1}
    faults = "\n".join(Report([kill], ends, fresh, {"A": 2, "B": 2, "C": 0}, {"A": 2, "B": 1, "C": 0}).faults())
    assert "C ended as held" in faults
    assert "C has no whole card" in faults
    assert "A was begun 2 times" in faults
    assert "B was begun" not in faults
    assert "C lost after a moment" in faults
    assert "A was writing at a moment and came back as ready" in faults
