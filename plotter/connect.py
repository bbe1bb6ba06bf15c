"""Connect: from an open port to a machine known to be the one of the configuration, idle and at a known place."""

from plotter.grbl import Session
from plotter.machine import Machine, ServoPen
from plotter.port import Port
from plotter.wire import Locked, Refusal, Silence, Wire, messages

# A homing cycle of GRBL's stock settings takes 11 s on a small bed; slow seeks over a large one some minutes.
HOMING_S = 300.0
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


def connect(port: Port, machine: Machine) -> Session:
    """Wait for the firmware, hold its settings against the model, home it if the model homes; then it is Idle.

    Raises PortError when nothing answers, MachineMismatch naming every setting that differs, NotReady when the
    machine is locked or stands where its bed is not.
    """
    session = Session(machine)
    wire = Wire(port, session)
    try:
        alarmed = wire.banner()
    except Silence:
        # Boards with USB of their own do not restart when the port is opened.
        wire.put(session.reset())
        alarmed = wire.banner()
    try:
        for text in messages(wire.ask("$I")):
            if text.startswith("OPT:"):
                session.limit(_rx_bytes(text, machine))
        wire.ask("$$")
        if differences := fingerprint(session.settings, machine):
            raise MachineMismatch(differences)
        if machine.homing:
            wire.ask("$H", HOMING_S)
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
    x, y = report.at
    if machine.homing and not (-SAME <= x <= machine.width_mm + SAME and -SAME <= y <= machine.height_mm + SAME):
        raise NotReady(
            f"after homing the machine calls its place X{x:g} Y{y:g}, outside its bed of 0-{machine.width_mm:g} x "
            f"0-{machine.height_mm:g} mm; set the origin of G54 once (G10 L2 P1 X.. Y..) and connect again"
        )
    session.full = (report.planner, report.rx)
    return session


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
    return found
