"""Which machine is at the port: firmwares told apart, settings held against the model, others refused with words."""

from collections.abc import Callable

import pytest

from plotter.clock import Clock
from plotter.connect import MachineMismatch, NotReady, connect, fingerprint
from plotter.dialects import FLUIDNC, GRBL, GRBLHAL, Foreign, recognise
from plotter.driver import driver
from plotter.faults import Card
from plotter.machine import Machine, Slot
from plotter.plan import plan
from plotter.port import Port
from plotter.reports import DIALECTS
from plotter.settings import of_machine
from plotter.simfaults import faults
from plotter.simport import plug
from plotter.stream import Wish, stream
from plotter.strokes import deviation, stroke

MACHINE = Machine()


class Overheard:
    """A port on which the machine's words are changed."""

    def __init__(self, port: Port, change: Callable[[bytes], bytes]) -> None:
        self._port, self._change = port, change

    @property
    def clock(self) -> Clock:
        return self._port.clock

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        return self._change(self._port.read(timeout_s))

    def close(self) -> None:
        self._port.close()


def named(banner: bytes, build: bytes = b"") -> Overheard:
    def change(data: bytes) -> bytes:
        data = data.replace(b"Grbl 1.1h ['$' for help]", banner)
        return data.replace(b"[OPT:V,15,128]", build) if build else data

    return Overheard(plug(MACHINE), change)


@pytest.mark.parametrize(
    ("banner", "told", "dialect"),
    [
        ("Grbl 1.1h ['$' for help]", ["VER:1.1h.20190830:", "OPT:V,15,128"], GRBL),
        ("Grbl 1.1f ['$' for help]", ["VER:1.1f.20170801:me"], GRBL),
        ("GrblHAL 1.1f ['$' or '$HELP' for help]", [], GRBLHAL),
        ("Grbl 1.1f ['$' for help]", ["VER:1.1f.20240817:", "OPT:VNMSL,35,1024,3,0", "FIRMWARE:grblHAL"], GRBLHAL),
        ("Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]", [], FLUIDNC),
        ("Grbl 1.1f ['$' for help]", ["VER:3.9 FluidNC v3.9.9 (esp32-wifi) :", "OPT:PHSEW"], FLUIDNC),
    ],
)
def test_firmwares_are_told_apart(banner: str, told: list[str], dialect: object) -> None:
    assert recognise(banner, told) is dialect


@pytest.mark.parametrize("banner", ["Grbl 0.9j ['$' for help]", "Grbl 0.8c ['$' for help]", "Grbl 2.0 ['$' for help]"])
def test_another_version_is_refused_in_words(banner: str) -> None:
    with pytest.raises(Foreign, match=r"GRBL before 1\.1|calls itself"):
        recognise(banner)
    with pytest.raises(NotReady, match="calls itself"):
        connect(named(banner.encode()), MACHINE)


def test_buffers_are_what_the_machine_reports_within_reason() -> None:
    assert [GRBL.budget(n) for n in (128, 64, 1024)] == [127, 63, 127]
    assert GRBLHAL.budget(1024) == 255
    session = connect(named(b"Grbl 1.1h ['$' for help]", b"[OPT:V,15,100]"), MACHINE)
    assert session.budget == 99


def test_a_build_that_cannot_lift_a_servo_is_refused() -> None:
    with pytest.raises(NotReady, match="variable spindle"):
        connect(named(b"Grbl 1.1h ['$' for help]", b"[OPT:,15,128]"), MACHINE)


def test_alarms_are_called_by_the_firmwares_own_names() -> None:
    assert "second limit switch" in GRBL.alarms[10]
    assert "emergency stop" in GRBLHAL.alarms[10]
    assert "spindle" in FLUIDNC.alarms[10]


def test_settings_that_are_not_told_are_not_trusted() -> None:
    told = of_machine(MACHINE)
    del told[11], told[120]
    words = fingerprint(told, MACHINE)
    assert any("$11 is missing" in one for one in words)
    assert any("$120 is missing" in one for one in words)


@pytest.mark.parametrize(
    ("number", "value", "words"),
    [
        (1, 25, "motors stay on at rest $1"),
        (10, 0, "status report $10"),
        (13, 1, "reports in inches $13"),
        (22, 1, "homing $22"),
        (31, 300, "least servo command $31"),
        (32, 1, "laser mode $32"),
        (100, 40, "X steps/mm $100"),
    ],
)
def test_settings_that_would_spoil_cards_are_refused(number: int, value: float, words: str) -> None:
    assert fingerprint(of_machine(MACHINE), MACHINE) == []
    (one,) = fingerprint(of_machine(MACHINE) | {number: value}, MACHINE)
    assert words in one
    changed = plug(MACHINE)
    changed.simulator.firmware.settings[number] = value
    with pytest.raises(MachineMismatch, match=words.split(" $")[0]):
        connect(changed, MACHINE)


# ------------------------------------------------------------------ grblHAL writes
PATH = plan(
    [stroke([(2, 2 + 3 * k), (20, 4 + 3 * k), (58, 3 + 3 * k)]) for k in range(6)],
    paper=(60, 40),
    slot=Slot(),
    machine=MACHINE,
)


@pytest.mark.parametrize("wrong", ["", "error:60@stream", "lose-ok:80@stream", "drop-in:907@stream"])
def test_grblhal_writes_a_card_and_mends_it(wrong: str) -> None:
    tongue = driver(MACHINE)
    port = plug(MACHINE, faults(wrong) if wrong else (), dialect=DIALECTS["grblhal"])
    session = connect(port, MACHINE)
    assert session.dialect is GRBLHAL
    port.simulator.stream_begins()
    outcome = stream(
        port,
        session,
        tongue.write(PATH),
        watch=lambda _: Wish.GO_ON,
        rewrite=lambda at: tongue.write(PATH, first_stroke=at.stroke, from_mm=at.mm),
    )
    assert outcome.card is Card.WHOLE, outcome.reason
    assert bool(outcome.mended) == bool(wrong)
    assert deviation(port.simulator.ink, list(PATH.strokes)) < 0.1
