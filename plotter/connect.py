"""Connect: from an open port to a machine known to be the one of the configuration, idle and at a known place."""

from plotter.dialects import GRBL, Foreign, recognise
from plotter.grbl import GrblSession
from plotter.machine import Machine, ServoPen, ZPen
from plotter.port import Port
from plotter.session import Status
from plotter.wire import Locked, Refusal, Silence, Wire, messages

# A homing cycle of GRBL's stock settings takes 11 s on a small bed; slow seeks over a large one some minutes.
HOMING_S = 300.0
# An EEPROM write takes 3.4 ms a byte (ATmega328P), an offset has 13.
EEPROM_S = 0.1
# Settings are floats printed with three decimals.
SAME = 1e-3


class NotReady(ValueError):
    """The machine answers, but a person must look at it before it may write; says what to do."""


class MachineMismatch(NotReady):
    """The machine's settings are not those of its model in the configuration; `differences` names each."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__(
            "this is not the machine that the configuration describes: " + "; ".join(differences) + ". "
            "Change the setting on the machine or the model in the configuration, whichever is wrong"
        )
        self.differences = differences


def connect(port: Port, machine: Machine) -> GrblSession:
    """Wait for the firmware, hold its settings against the model, home it if the model homes; then it is Idle.

    Raises PortError when nothing answers, MachineMismatch naming every setting that differs or is not told, NotReady
    for a firmware that is not spoken to, and when the machine is locked or stands where its bed is not.
    """
    session = GrblSession(machine)
    wire = Wire(port, session)
    try:
        alarmed = wire.banner()
    except Silence:
        # Boards with USB of their own do not restart when the port is opened.
        wire.put(session.reset())
        alarmed = wire.banner()
    try:
        recognise(session.banner)  # before an older one is asked what it does not understand
        told = messages(wire.ask("$I"))
        dialect = recognise(session.banner, told)
        build = next((text for text in told if text.startswith("OPT:")), "")
        session.speak(dialect, _rx_bytes(build, machine))
        if isinstance(machine.pen, ServoPen) and dialect is GRBL and build and "V" not in build.split(",")[0]:
            raise NotReady("its GRBL is built without variable spindle: it cannot lift a servo's pen; build it with")
        wire.ask("$$")
        if differences := fingerprint(session.settings, machine):
            raise MachineMismatch(differences)
        if machine.homing:
            wire.ask("$H", HOMING_S)
            _zero_at_the_corner(wire, session)
    except Foreign as error:
        raise NotReady(f"this machine cannot be written with: {error}") from error
    except (Locked, Refusal) as error:
        raise NotReady(f"{error}; look at the machine, then connect again") from error
    if alarmed and not machine.homing:
        raise NotReady(
            "the machine was moving when it was connected and has lost its position; put the pen at the machine's "
            "zero and switch the machine off and on"
        )
    report = wire.status()
    if report.state == "Alarm":
        raise NotReady("the machine is locked (Alarm); look why, put the pen at its zero, switch it off and on")
    if report.state != "Idle":
        raise NotReady(f"the machine is in state {report.state}, not Idle; stop what it is doing, then connect again")
    if machine.homing:
        _check_place(report, machine)
    session.full = (report.planner, report.rx)
    return session


def _zero_at_the_corner(wire: Wire, session: GrblSession) -> None:
    """Put the zero of G54 at the bed's lower left corner, once, on a machine where nobody has set it.

    Stock GRBL 1.1 counts from the far end of each axis, so that its bed is -travel..0; built with
    HOMING_FORCE_SET_ORIGIN its zero is where it homes. The machine keeps G54 in its permanent memory.
    """
    report, settings = wire.status(), session.settings
    if any(session.offset[:2]):
        return
    corner = []
    for axis in range(2):
        at_low_end = int(settings.get(23, 0)) >> axis & 1
        corner.append(0.0 if at_low_end and abs(report.position[axis]) < SAME else -settings[130 + axis])
    if any(corner):
        wire.ask(f"G10L2P1X{corner[0]:.3f}Y{corner[1]:.3f}")
        # Writing to EEPROM shuts out the serial line: nothing is sent until it has been quiet for a while.
        wire.rest(EEPROM_S)


def _check_place(report: Status, machine: Machine) -> None:
    x, y, z = report.position
    if not (-SAME <= x <= machine.width_mm + SAME and -SAME <= y <= machine.height_mm + SAME):
        raise NotReady(
            f"after homing the machine calls its place X{x:g} Y{y:g}, outside its bed of 0-{machine.width_mm:g} x "
            f"0-{machine.height_mm:g} mm: set the zero of G54 at the bed's lower left corner (G10 L2 P1 X.. Y..)"
        )
    if isinstance(machine.pen, ZPen) and z < machine.pen.up_mm - SAME:
        raise NotReady(
            f"after homing the pen is at Z{z:g}, below its lifted height of {machine.pen.up_mm:g} mm: bring it down "
            "onto paper once and set the zero of G54 there (G10 L20 P1 Z0)"
        )


def _rx_bytes(opt: str, machine: Machine) -> int:
    """`OPT:V,15,128`: flags, planner blocks, receive buffer; some clones leave the numbers out."""
    parts = opt.removeprefix("OPT:").split(",")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else machine.rx_bytes


def fingerprint(settings: dict[int, float], machine: Machine) -> list[str]:
    """What in the answer to `$$` is not as the model says, or would spoil cards, in words with the number to set."""
    found: list[str] = []

    def want(number: int, value: float, what: str) -> None:
        have = settings.get(number)
        if have is None or abs(have - value) > SAME * max(1.0, abs(value)):
            found.append(f"{what} ${number} is {'missing' if have is None else f'{have:g}'}, not {value:g}")

    want(1, 255, "motors stay on at rest")
    if settings.get(13, 0):
        found.append("reports in inches $13 are on, not 0: this program counts in mm")
    if int(settings.get(10, 0)) & 3 != 3:
        found.append(f"status report $10 is {settings.get(10, 0):g}, not 3 (position and buffers)")
    want(11, machine.junction_deviation_mm, "junction deviation")
    want(22, float(machine.homing), "homing")
    if settings.get(32, 0):
        found.append("laser mode $32 is on, not 0: the pen would not wait")
    axes = 2 if isinstance(machine.pen, ServoPen) else 3
    for axis, letter in enumerate("XYZ"[:axes]):
        want(100 + axis, machine.steps_per_mm[axis], f"{letter} steps/mm")
        want(110 + axis, machine.max_rate_mm_min[axis], f"{letter} largest rate")
        want(120 + axis, machine.acceleration_mm_s2[axis], f"{letter} acceleration")
    for number, size, letter in ((130, machine.width_mm, "X"), (131, machine.height_mm, "Y")):
        if settings.get(number, 0) < size - SAME:
            found.append(f"{letter} travel ${number} is {settings.get(number, 0):g}, less than the bed's {size:g}")
    if isinstance(machine.pen, ServoPen):
        top = max(machine.pen.up_s, machine.pen.down_s)
        if settings.get(30, 0) < top:
            found.append(f"largest servo command $30 is {settings.get(30, 0):g}, less than the pen's {top}")
        least = min(s for s in (machine.pen.up_s, machine.pen.down_s) if s)
        if settings.get(31, 0) > least:
            found.append(f"least servo command $31 is {settings.get(31, 0):g}, more than the pen's {least}")
    return found
