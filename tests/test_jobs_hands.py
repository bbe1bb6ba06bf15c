"""Hands of a shop: shipped, added by `fairhand hands add`, and its own; server and command line see the same."""

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from shopfront import serving

from fonts.hands import hands
from jobs.commands import hands_of, shelf_of
from jobs.shop import ShopFault
from server import build, main, read_shop

ROOT = Path(__file__).parent.parent
PLAIN = ROOT / "tests" / "data" / "fonts" / "plain.svg"
CONFIG = """
[stocks.a6]
title = "A6"
width_mm = 148.0
height_mm = 105.0
[stocks.a6.frames.message]
x_mm = 12.0
y_mm = 10.0
width_mm = 124.0
height_mm = 85.0
xheight_max_mm = 2.7
xheight_min_mm = 1.8
"""
MARGARET = '[hands.margaret]\ntitle = "Margaret at the till"\nface = "wren"\nneatness = 0.7\nslant = 3\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, in which the command line is run."""
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAIRHAND_CONFIG", raising=False)
    return tmp_path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_an_added_font_is_a_hand_everywhere(shop: Path) -> None:
    done = run("hands", "add", PLAIN, "--title", "Our plain hand")
    assert done.exit_code == 0, done.output
    assert "Our plain hand (single lines, print)" in done.output
    assert "left out       ligatures" in done.output
    assert "do with it what you like" in done.output
    assert (shop / "out/specimens/plain-letters.png").stat().st_size > 1000
    listed = {one["name"]: one for one in json.loads(run("hands", "--json").stdout)["hands"]}
    assert listed["plain"]["title"] == "Our plain hand"
    assert "do with it what you like" in listed["plain"]["acknowledgement"]
    written = run("write", "tea at noon, a calm sea", "--hand", "plain", "--seed", "1")
    assert written.exit_code == 0, written.output
    with serving(build(read_shop())) as address:
        told = httpx.get(f"{address}/v1/hands", timeout=60).json()["data"]
    assert {"plain", "wren"} <= {one["name"] for one in told}
    assert run("check").exit_code == 0


def test_a_hand_of_the_shops_own_is_a_face_and_a_manner(shop: Path) -> None:
    (shop / "config.toml").write_text(CONFIG + MARGARET + '[notes]\nhand = "margaret"\n')
    assert run("check").exit_code == 0
    it = hands_of(read_shop())["margaret"]
    assert (it.title, it.drawn, it.manner.neatness, it.manner.slant) == ("Margaret at the till", "wren", 0.7, 3.0)
    assert run("write", "Hello", "--seed", "1").exit_code == 0
    assert list(hands_of(read_shop()))[: len(hands())] == list(hands())


def test_an_own_hand_may_write_an_added_face(shop: Path) -> None:
    run("hands", "add", PLAIN)
    (shop / "config.toml").write_text(CONFIG + MARGARET.replace("wren", "plain"))
    assert run("check").exit_code == 0
    assert hands_of(read_shop())["margaret"].drawn == "plain"


def test_all_faults_are_said_at_once(shop: Path) -> None:
    wrong = (
        "[hands.wren]\nface = 'wren'\n[hands.anna]\nface = '../secret'\n"
        "[hands.Bob]\nface = 'wren'\n[hands.cleo]\nface = 'wren'\nneatness = 7\nwobble = 1\n[notes]\nhand = 'nobody'\n"
    )
    (shop / "config.toml").write_text(CONFIG + wrong)
    done = run("check")
    assert done.exit_code == 3
    said = done.output
    for words in (
        "[hands.wren] there is a hand",
        "no face '../secret'",
        "Bob",
        "neatness",
        "wobble",
        "no hand 'nobody'",
    ):
        assert words in said, words


def test_a_wrong_hand_is_refused_without_check_too(shop: Path) -> None:
    (shop / "config.toml").write_text(CONFIG + "[hands.anna]\nface = 'nothing'\n")
    with pytest.raises(ShopFault, match="no face 'nothing'"):
        shelf_of(read_shop())


def test_a_broken_kept_font_is_a_fault_of_the_configuration(shop: Path) -> None:
    run("hands", "add", PLAIN)
    (shop / "var/hands/plain.json").write_text("{}")
    done = run("check")
    assert done.exit_code == 3
    assert "plain.json: not a kept hand" in done.output


@pytest.mark.parametrize("name", ["wren", "../up", "Big", "a" * 40, "sub/name"])
def test_a_name_is_a_name_and_free(shop: Path, name: str) -> None:
    done = run("hands", "add", PLAIN, "--name", name)
    assert done.exit_code == 3
    assert not list(shop.rglob("*.json"))


@pytest.mark.usefixtures("shop")
def test_a_font_is_replaced_only_when_asked() -> None:
    assert run("hands", "add", PLAIN).exit_code == 0
    again = run("hands", "add", PLAIN)
    assert again.exit_code == 3
    assert "already" in again.output
    assert run("hands", "add", PLAIN, "--replace", "--title", "Other").exit_code == 0
    assert hands_of(read_shop())["plain"].title == "Other"


def test_files_with_other_names_are_no_hands(shop: Path) -> None:
    (shop / "var/hands").mkdir(parents=True)
    (shop / "var/hands/Not A Hand.json").write_text("{}")
    assert list(hands_of(read_shop())) == list(hands())


def test_what_is_no_font_is_refused_in_words(shop: Path) -> None:
    (shop / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    done = run("hands", "add", shop / "x.svg")
    assert done.exit_code == 3
    assert "refused: x.svg: there is no <font>" in done.output


@pytest.mark.usefixtures("shop")
@pytest.mark.usefixtures("shop")
def test_whom_letters_are_owed_to_is_said_once() -> None:
    said = run("hands").output
    assert said.count("Dr. A. V. Hershey") == 1
