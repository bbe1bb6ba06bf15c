"""The roof: the command line as other programs use it, and a server that starts, tells its address and stops."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from plotter.strokes import deviation, length
from plotter.svg import strokes_of

ROOT = Path(__file__).parent.parent
FAIRHAND = [sys.executable, str(ROOT / "server.py")]
NOTE = "Dear Zoë,\nthank you for waiting – the kettle is on its way.\nMargaret"


def fairhand(*arguments: str, cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FAIRHAND, *arguments], cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=120
    )


@contextmanager
def running(*arguments: str, cwd: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that runs until it is stopped, and the first line it printed."""
    process = subprocess.Popen(
        [*FAIRHAND, *arguments], cwd=cwd, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        process.stdout.close()


def test_same_words_hand_and_seed_give_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    first, second, other = (
        fairhand("write", NOTE, "--seed", seed, "--format", "json", cwd=tmp_path).stdout for seed in ("5", "5", "6")
    )
    assert first == second
    assert first != other
    sample = json.loads(first)["samples"][0]
    assert (sample["text"], sample["seed"], sample["y"]) == (NOTE, 5, "up")
    assert all(len(point) == 2 for stroke in sample["strokes"] for point in stroke)


def test_words_may_come_as_argument_file_or_stdin(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(NOTE, encoding="utf-8")
    ways = (
        fairhand("write", NOTE, "--seed", "5", cwd=tmp_path),
        fairhand("write", "--file", "note.txt", "--seed", "5", cwd=tmp_path),
        fairhand("write", "-", "--seed", "5", cwd=tmp_path, stdin=NOTE),
    )
    assert len({way.stdout for way in ways}) == 1
    assert fairhand("write", NOTE, "--file", "note.txt", cwd=tmp_path).returncode == 2


def test_braces_mean_themselves_on_the_command_line(tmp_path: Path) -> None:
    assert fairhand("write", "a {b} c", "--seed", "1", cwd=tmp_path).returncode == 0


def test_what_cannot_be_written_is_refused_with_its_place(tmp_path: Path) -> None:
    done = fairhand("write", "Hello 𓀀 there", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "U+13000" in done.stderr
    assert "𓀀" in done.stderr


def test_each_paragraph_is_a_sample_and_a_refused_one_does_not_take_the_others(tmp_path: Path) -> None:
    done = fairhand(
        "write", "-", "--each", "--seed", "1", "--format", "json", cwd=tmp_path, stdin="One.\n\n𓀀\n\nThree."
    )
    assert done.returncode == 3
    assert "note 2 refused" in done.stderr
    assert [sample["text"] for sample in json.loads(done.stdout)["samples"]] == ["One.", "Three."]


@pytest.mark.parametrize("way", ["--pty", "--tcp"])
def test_a_note_plotted_on_the_simulator_lies_where_its_preview_shows_it(way: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(NOTE, encoding="utf-8")
    note = ("--file", "note.txt", "--seed", "5")
    ink = tmp_path / "ink.svg"
    offer = (way, "0") if way == "--tcp" else (way,)
    arguments = ("simulate", *offer, "--speed", "40", "--ink", str(ink))
    with running(*arguments, cwd=tmp_path) as (_, port):
        assert port.startswith("socket://127.0.0.1:" if way == "--tcp" else "/dev/")
        done = fairhand("plot", *note, "--slot", "0,0", "--port", port, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "finished" in done.stderr
    wanted = strokes_of(fairhand("write", *note, cwd=tmp_path).stdout)
    drawn = strokes_of(ink.read_text(encoding="utf-8"))
    assert deviation(wanted, drawn) <= 0.05
    assert sum(map(length, drawn)) == pytest.approx(sum(map(length, wanted)), rel=0.02)


def test_a_card_on_which_bytes_are_lost_is_mended_and_says_so(tmp_path: Path) -> None:
    for port in ("sim://", "sim://?fault=drop-in:900"):
        ink = "whole.svg" if port == "sim://" else "mended.svg"
        done = fairhand("plot", "Hello", "--seed", "5", "--port", port, "--ink", ink, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert ("mended on the way" in done.stderr) is (ink == "mended.svg")
    whole, mended = (strokes_of((tmp_path / f"{name}.svg").read_text()) for name in ("whole", "mended"))
    assert deviation(whole, mended) < 0.06


def test_plot_refuses_a_program_that_leaves_the_bed_before_anything_moves(tmp_path: Path) -> None:
    done = fairhand("plot", "Hello", "--port", "sim://", "--slot", "325,10", "--ink", "ink.svg", cwd=tmp_path)
    assert done.returncode == 3
    assert not (tmp_path / "ink.svg").exists()


def test_plot_refuses_a_foreign_program_with_forbidden_words(tmp_path: Path) -> None:
    (tmp_path / "bad.gcode").write_text("G21G90\nM3S200\nG0X5Y5\n$32=1\n", encoding="ascii")
    done = fairhand("plot", "--gcode", "bad.gcode", "--port", "sim://", cwd=tmp_path)
    assert done.returncode == 3
    assert "line 4" in done.stderr


def test_estimate_counts_what_the_card_has(tmp_path: Path) -> None:
    done = fairhand("estimate", NOTE, "--seed", "5", "--json", cwd=tmp_path)
    figures = json.loads(done.stdout)
    wanted = strokes_of(fairhand("write", NOTE, "--seed", "5", cwd=tmp_path).stdout)
    assert figures["lifts"] == len(wanted)
    assert figures["ink_mm"] == pytest.approx(sum(map(length, wanted)), rel=0.02)
    assert 0.2 * figures["ink_mm"] / 50 < figures["seconds"] < 600


def test_estimate_refuses_what_the_machine_would(tmp_path: Path) -> None:
    (tmp_path / "bad.gcode").write_text("G21G90\nG1X1\n", encoding="ascii")
    done = fairhand("estimate", "--gcode", "bad.gcode", cwd=tmp_path)
    assert done.returncode == 3
    assert "error:22" in done.stderr


def test_lists_are_data_for_programs(tmp_path: Path) -> None:
    hands = json.loads(fairhand("hands", "--json", cwd=tmp_path).stdout)["hands"]
    assert {"wren", "hershey-script"} <= {hand["name"] for hand in hands}
    (classic,) = (hand for hand in hands if hand["name"] == "hershey-script")
    assert "Hershey" in classic["acknowledgement"]
    assert "a6" in json.loads(fairhand("stocks", "--json", cwd=tmp_path).stdout)["stocks"]
    plotters = json.loads(fairhand("plotters", "--json", cwd=tmp_path).stdout)["plotters"]
    assert [plotter["name"] for plotter in plotters] == ["left", "right"]


def test_check_says_every_fault(tmp_path: Path) -> None:
    text = '[server]\nport = -1\n[machines.m]\nfeed_mm_min = 1\n[notes]\ntemplates = "gone.toml"\nhand = "nobody"\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    done = fairhand("check", cwd=tmp_path)
    assert done.returncode == 3
    assert "[server] port" in done.stderr
    assert "[machines.m] feed_mm_min" in done.stderr
    assert "gone.toml: cannot be read" in done.stderr
    assert "there is no hand 'nobody'" in done.stderr


def test_check_says_which_drawings_no_pen_can_draw(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    blot = '<svg xmlns="http://www.w3.org/2000/svg"><circle id="blot" r="5"/></svg>'
    for name in ("blot", "My Name"):
        (tmp_path / "art" / f"{name}.svg").write_text(blot, encoding="utf-8")
    config = (ROOT / "config.toml").read_text(encoding="utf-8").replace('"examples/artwork"', '"art"')
    config = config.replace('"examples/templates.toml"', '""')
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    done = fairhand("check", cwd=tmp_path)
    assert done.returncode == 3
    assert "blot.svg: <circle> “blot” is filled" in done.stderr
    assert "My Name.svg: names are of" in done.stderr
    lost = config.replace("[machines.desk] ", '[notes.signatures]\nwren = "jo"\n[machines.desk] ', 1)
    (tmp_path / "config.toml").write_text(lost, encoding="utf-8")
    assert "[notes.signatures] wren: there is no artwork 'jo'" in fairhand("write", "Hi", cwd=tmp_path).stderr
    (tmp_path / "config.toml").write_text(config.replace('"art"', '"nowhere"'), encoding="utf-8")
    assert "[notes] artwork: there is no folder" in fairhand("check", cwd=tmp_path).stderr


def test_notes_on_the_command_line_may_ask_for_all_that_orders_may(tmp_path: Path) -> None:
    knobs = ("--neatness", ".8", "--slant", "3", "--size", ".9", "--speed", ".2", "--connectedness", "1")
    more = ("--transliterate", "--artwork", "heart", *knobs)
    plain, asked = (fairhand("write", "Hi Анна", "--seed", "1", *m, cwd=tmp_path) for m in ((), more))
    assert (plain.returncode, asked.returncode) == (3, 0)
    assert "warning: “А” (U+0410 CYRILLIC CAPITAL LETTER A) at character 4 is written as “A”" in asked.stderr
    assert fairhand("write", "Hi", "--slant", "90", cwd=tmp_path).returncode == 2
    assert (
        "there are: cup, heart, signatures/margaret" in fairhand("write", "Hi", "--artwork", "x", cwd=tmp_path).stderr
    )


def test_serve_tells_its_address_when_it_is_ready_and_stops_on_sigterm(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'fairhand.db'}"
    with running("serve", "--port", "0", cwd=tmp_path, FAIRHAND_DATABASE=database) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address + "health").status_code == 200
        assert "Fairhand" in httpx.get(address, follow_redirects=True).text
    assert process.returncode == 0


def test_a_second_server_on_one_database_is_refused_in_words(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'fairhand.db'}"
    with running("serve", "--port", "0", cwd=tmp_path, FAIRHAND_DATABASE=database) as (first, address):
        assert address.startswith("http://")
        second = serve_once(database, tmp_path)
        assert (second.returncode, second.stdout) == (3, "")
        assert second.stderr.startswith("refused: ")
        assert f"process {first.pid}" in second.stderr
        assert "Traceback" not in second.stderr


def test_a_second_server_of_the_same_plotters_is_refused_in_words(postgres_url: str, tmp_path: Path) -> None:
    with running("serve", "--port", "0", cwd=tmp_path, FAIRHAND_DATABASE=postgres_url) as (_, address):
        assert address.startswith("http://")
        second = serve_once(postgres_url, tmp_path)
        assert (second.returncode, second.stdout) == (3, "")
        assert second.stderr.startswith("refused: the plotter left is driven by another running server")


@pytest.mark.parametrize("database", ["nonsense", "sqlite:////dev/null/x/fairhand.db", "postgresql://u@127.0.0.1:1/d"])
def test_a_database_that_cannot_be_opened_is_refused_in_words(database: str, tmp_path: Path) -> None:
    done = serve_once(database, tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("refused: the database")
    assert "Traceback" not in done.stderr


def serve_once(database: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FAIRHAND, "serve", "--port", "0"], cwd=folder, env=os.environ | {"FAIRHAND_DATABASE": database},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_serve_refuses_to_be_reached_from_outside_unless_told(tmp_path: Path) -> None:
    done = fairhand("serve", "--host", "0.0.0.0", cwd=tmp_path)
    assert done.returncode == 3
    assert "allow_remote" in done.stderr
