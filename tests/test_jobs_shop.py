"""The configuration: what is shipped is right, and every fault is said at once, by section and key."""

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from jobs.shop import ShopFault, remarks, shop

ROOT = Path(__file__).parent.parent


@pytest.fixture
def sections() -> dict[str, Any]:
    return tomllib.loads((ROOT / "config.toml").read_text())


def test_shipped_configuration_has_two_simulated_plotters_and_the_papers_people_use(sections: dict[str, Any]) -> None:
    it = shop(sections, tomllib.loads((ROOT / "examples/templates.toml").read_text()))
    assert [plotter.name for plotter in it.plotters] == ["left", "right"]
    assert all(plotter.port.startswith("sim://") for plotter in it.plotters)
    assert {"a6", "a2", "a2-tent", "5x7", "c6", "env10"} <= set(it.stocks)
    assert {"thank-you-order", "birthday"} <= set(it.templates)


def test_shipped_papers_lie_within_the_bed(sections: dict[str, Any]) -> None:
    it = shop(sections, {})
    for plotter in it.plotters:
        for name, stock in it.stocks.items():
            assert plotter.slot.x_mm + stock.width_mm <= plotter.machine.width_mm, name
            assert plotter.slot.y_mm + stock.height_mm <= plotter.machine.height_mm, name


def test_all_faults_are_said_at_once(sections: dict[str, Any]) -> None:
    wrong = copy.deepcopy(sections)
    wrong["machines"]["desk"] |= {"feed_mm_min": 3, "colour": "red"}
    wrong["plotters"]["left"]["slot"]["x_mm"] = "ten"
    with pytest.raises(ShopFault) as caught:
        shop(wrong, {})
    said = "\n".join(caught.value.faults)
    assert "[machines.desk] feed_mm_min" in said
    assert "[machines.desk] colour: there is no such key" in said
    assert "[plotters.left.slot] x_mm" in said
    assert "'ten'" in said


def test_faults_in_one_section_hide_none_in_another(sections: dict[str, Any]) -> None:
    sections["machines"]["desk"]["feed_mm_min"] = 3
    sections["plotters"]["left"]["machine"] = "nosuch"
    sections["stocks"]["a6"]["frames"] = {}
    sections["notes"] = {"hand": "nobody", "stock": "a0"}
    sections["strange"] = {}
    with pytest.raises(ShopFault) as caught:
        shop(sections, {"birthday": {"txt": "Hi"}}, hands=["wren"])
    said = "\n".join(caught.value.faults)
    for words in (
        "[machines.desk] feed_mm_min",
        "no machine 'nosuch'",
        "[stocks.a6] frames",
        "no hand 'nobody'; there are wren",
        "no stock 'a0'",
        "strange: there is no such key",
        "templates: [birthday] txt",
    ):
        assert words in said
    assert "no machine 'desk'" not in said  # it is there, only wrong


@pytest.mark.parametrize(
    ("where", "key", "value", "word"),
    [
        (("plotters", "left"), "machine", "nosuch", "there is no machine 'nosuch'"),
        (("notes",), "stock", "a0", "there is no stock 'a0'"),
        (("server",), "host", "0.0.0.0", "allow_remote"),
        (("stocks", "a6", "frames", "message"), "width_mm", 400.0, "beyond the paper"),
        (("stocks", "a6", "frames", "message"), "xheight_min_mm", 9.0, "above xheight_max_mm"),
        (("stocks", "a6"), "frames", {}, "at least one frame"),
        (("machines", "desk"), "max_rate_mm_min", [float("nan"), 1.0, 1.0], "max_rate_mm_min"),
        (("machines", "desk"), "acceleration_mm_s2", [1000.0, 0.0, 1.0], "acceleration_mm_s2"),
        (("machines", "desk"), "steps_per_mm", [80.0, float("inf"), 80.0], "steps_per_mm"),
        (("machines", "desk"), "pen", {"kind": "servo", "down_s": 700, "up_s": 699}, "the pen lifts from 50 on"),
        (("machines", "desk"), "pen", {"kind": "z", "down_mm": 2.0, "up_mm": 0.0}, "at least 0.2 above"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    sections: dict[str, Any], where: tuple[str, ...], key: str, value: object, word: str
) -> None:
    section = sections
    for name in where:
        section = section[name]
    section[key] = value
    with pytest.raises(ShopFault, match=word):
        shop(sections, {})


def test_templates_are_checked_too(sections: dict[str, Any]) -> None:
    with pytest.raises(ShopFault, match=r"templates: \[birthday\] txt: there is no such key"):
        shop(sections, {"birthday": {"text": "Hi", "txt": "Hi"}})


def test_where_artwork_goes_and_mail_comes_from_is_checked(sections: dict[str, Any]) -> None:
    sections["stocks"]["a6"]["artwork"] = {"x_mm": 130, "y_mm": 5, "width_mm": 30, "height_mm": 20}
    sections["stocks"]["a5"]["frames"]["message"] |= {"align": "right", "closing": "centre", "paragraphs": "none"}
    sections["notes"]["country"] = "Britain"
    with pytest.raises(ShopFault) as caught:
        shop(sections, {})
    said = "\n".join(caught.value.faults)
    for words in ("a5.frames.message] align", "a5.frames.message] closing", "message] paragraphs", "[notes] country"):
        assert words in said
    assert "[stocks.a6.artwork] the box reaches beyond the paper" in said


CARE = """
[pens.fine]
ink_m = 400
[pens.brush.lift]
kind = "z"
[plotters.left.care]
drift_check_every = 25
when_empty = "load"
[plotters.left.care.scribble]
x_mm = 280
y_mm = 20
[plotters.left.care.macros]
load = ["G0X0Y200"]
"""


def with_care(sections: dict[str, Any], text: str = CARE) -> dict[str, Any]:
    more = tomllib.loads(text)
    sections["pens"] = {**sections.get("pens", {}), **more.get("pens", {})}
    sections["plotters"]["left"] |= more["plotters"]["left"]
    return sections


def test_a_plotter_has_the_care_that_it_is_given(sections: dict[str, Any]) -> None:
    left, right = shop(with_care(sections), {}).plotters
    # A pen that this machine cannot lift is not among those it may carry.
    assert list(left.care.pens) == ["gel", "fine"]
    assert (left.care.drift_check_every, left.care.macros["load"]) == (25, ("G0X0Y200",))
    assert right.care.drift_check_every == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pens": ["quill"]}, "[plotters.left.care] pens: there is no pen 'quill'; [pens] has brush, fine, gel"),
        ({"pens": ["brush"]}, "the machine cannot lift 'brush'"),
        ({"macros": {"load": ["M5"]}}, "[plotters.left.care.macros] macro 'load', line 1 'M5': M5 has no place"),
        ({"when_empty": "home"}, "when_empty: there is no macro 'home'"),
        ({"mark": [400, 0]}, "mark: (400, 0) is not on the bed"),
        ({"scribble": {"x_mm": 320, "y_mm": 0}}, "it is not on the bed of 330 x 240 mm"),
        ({"scribble": {"x_mm": 240, "y_mm": 20}}, "it lies on a card of env10 in slot card"),
        ({"drift_limit_mm": 0.01}, "drift_limit_mm"),
        ({"colour": "red"}, "there is no such key"),
    ],
)
def test_care_that_does_not_go_together_is_said(sections: dict[str, Any], change: dict[str, Any], why: str) -> None:
    wrong = with_care(sections)
    wrong["plotters"]["left"]["care"] |= change
    with pytest.raises(ShopFault) as caught:
        shop(wrong, {})
    assert why in "\n".join(caught.value.faults)


def test_a_machine_that_homes_needs_no_other_proof_of_motion(sections: dict[str, Any]) -> None:
    sections["machines"]["desk"]["homing"] = True
    with pytest.raises(ShopFault, match="homes, which proves"):
        shop(with_care(sections, "[plotters.left.care]\nmotion_proof = true"), {})


def test_every_key_of_care_stands_in_the_shipped_file() -> None:
    from dataclasses import fields

    from jobs.shopcare import CareAsked
    from plotter.care import Patch, PenProfile

    text = (ROOT / "config.toml").read_text()
    keys = {one.name for kind in (CareAsked, Patch, PenProfile) for one in fields(kind)}
    assert [key for key in keys if f"{key} = " not in text and f".{key}]" not in text] == []


def test_every_key_of_a_plotter_stands_in_the_shipped_file() -> None:
    from dataclasses import fields

    from jobs.shop import Place
    from plotter.machine import Feeder, Slot

    text = (ROOT / "config.toml").read_text()
    keys = {one.name for kind in (Place, Slot, Feeder) for one in fields(kind)}
    assert [key for key in keys if f"{key} = " not in text and not re.search(rf"\.{key}[.\]]", text)] == []


def with_bed(sections: dict[str, Any], text: str) -> dict[str, Any]:
    """The shipped file with the plotter left as this says."""
    changed = copy.deepcopy(sections)
    changed["plotters"] = {"left": {"port": "sim://", "machine": "desk", **tomllib.loads(text)}}
    return changed


def test_several_slots_and_a_feeder_are_read(sections: dict[str, Any]) -> None:
    [four] = shop(with_bed(sections, "[slots.a]\n[slots.b]\nx_mm = 165.0\nrotation_deg = 0.5"), {}).plotters
    assert {name: slot.x_mm for name, slot in four.bed.items()} == {"a": 10, "b": 165}
    assert four.load == 2
    fed = 'capacity = 20\n[feeder]\nmacro = ["M8", "G4P1", "M9"]\nconfirm = "pin"'
    [fed_one] = shop(with_bed(sections, fed), {}).plotters
    assert fed_one.feeder is not None
    assert (fed_one.feeder.confirm, fed_one.feeder.pin, fed_one.load) == ("pin", "P", 20)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[slot]\n[slots.a]", r"\[plotters.left\] slot: there are slots with names too"),
        ("capacity = 9\n[slots.a]\n[slots.b]\nx_mm = 165.0", "capacity 9: 2 slots hold one card each"),
        ("[slots.a]\n[slots.b]\nx_mm = 157.0", r"of a6, the papers in slots a and b overlap by 1.0 mm"),
        ("[slots.a]\n[slots.b]\nx_mm = 300.0", r"a6 is nearest, and in slot b the paper of .* reaches 118.0 mm beyond"),
        ("[slot]\nx_mm = -30.0", "reaches 30.0 mm beyond the bed of 330 x 240 mm"),
        ('[feeder]\nmacro = ["M3S700"]', r"\[plotters.left.feeder\] macro 'feeder', line 1 'M3S700'"),
        ('[feeder]\nmacro = ["G0X900Y5"]', "off the bed"),
        ('[feeder]\nmacro = ["M5"]', "lets go"),
        ('[feeder]\nmacro = ["G10L2P1X0"]', "permanent memory"),
        ('[feeder]\nmacro = ["M8"]\npin = "D"', "pin"),
        ('[feeder]\nmacro = ["M8"]\n[slots.a]\n[slots.b]\nx_mm = 165.0', "a feeder serves one slot; there are 2"),
    ],
)
def test_beds_that_cannot_be_are_refused_in_words(sections: dict[str, Any], text: str, why: str) -> None:
    changed = with_bed(sections, text)
    changed["stocks"] = {name: sections["stocks"][name] for name in ("a6", "c6")}
    with pytest.raises(ShopFault, match=why):
        shop(changed, {})


@pytest.mark.parametrize(
    ("ports", "why"),
    [
        (
            ("sim://?sped=8", "sim://"),
            r"\[plotters.left\] port: sim://\?sped=8: a simulated machine is sim://\?speed=N",
        ),
        (("sim://?fault=foo", "sim://"), r"\[plotters.left\] port: .*foo"),
        (("/dev/ttyUSB0", "/dev/ttyUSB0"), r"\[plotters.right\] port: /dev/ttyUSB0 is that of left; each plotter has"),
    ],
)
def test_ports_that_cannot_be_are_refused(sections: dict[str, Any], ports: tuple[str, str], why: str) -> None:
    changed = copy.deepcopy(sections)
    changed["plotters"] = {
        name: {"port": port, "machine": "desk"} for name, port in zip(("left", "right"), ports, strict=True)
    }
    with pytest.raises(ShopFault, match=why):
        shop(changed, {})
    changed["plotters"]["left"]["port"] = "sim://?speed=8&fault=reset@down:20%2B0.1"
    assert len(shop(changed, {}).plotters) == 2


def test_more_blanks_than_places_on_a_real_machine_are_remarked(sections: dict[str, Any]) -> None:
    changed = with_bed(sections, "capacity = 20")
    assert remarks(shop(changed, {})) == []  # simulated paper is changed by itself
    changed["plotters"]["left"]["port"] = "/dev/ttyUSB0"
    [said] = remarks(shop(changed, {}))
    assert said.startswith("[plotters.left] capacity: 20 blanks and one slot, and no feeder")
    for mended in ("capacity = 1", "[slots.a]\n[slots.b]\nx_mm = 165.0", '[feeder]\nmacro = ["M8"]'):
        changed = with_bed(sections, mended)
        changed["plotters"]["left"]["port"] = "/dev/ttyUSB0"
        assert remarks(shop(changed, {})) == []


@pytest.mark.parametrize(
    ("feeder", "why"),
    [
        ('macro = ["G0X10Y10"]\nconfirm = "pin"', "an EiBotBoard reports no sensor"),
        ('macro = ["M8", "G4P1", "M9"]', "an EiBotBoard has no outputs to switch"),
        ('macro = ["G0X10Y10", "G4P2"]', ""),
    ],
)
def test_a_feeder_of_an_eibotboard_is_worked_by_its_head(sections: dict[str, Any], feeder: str, why: str) -> None:
    changed = with_bed(sections, f"[feeder]\n{feeder}\n[slot]\nx_mm = 10.0\ny_mm = 60.0")
    changed["plotters"]["left"]["machine"] = "axidraw"
    if not why:
        assert shop(changed, {}).plotters[0].feeder is not None
        return
    with pytest.raises(ShopFault, match=why):
        shop(changed, {})


def test_a_sensor_on_a_limit_switch_is_refused_where_the_machine_homes(sections: dict[str, Any]) -> None:
    changed = with_bed(sections, '[feeder]\nmacro = ["M8"]\npin = "X"')
    shop(changed, {})
    changed["machines"]["desk"]["homing"] = True
    with pytest.raises(ShopFault, match="pin X is a limit switch of a machine that homes"):
        shop(changed, {})
