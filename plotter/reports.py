"""What GRBL 1.1h prints: build, settings, parameters, modes, status. Formats as gnea/grbl `report.c` has them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plotter.interpreter import Interpreter, Point
from plotter.settings import text

HELP = "[HLP:$$ $# $G $I $N $x=val $Nx=line $J=line $SLP $C $X $H ~ ! ? ctrl-x]"
WCO_BUSY, WCO_IDLE = 30, 10  # REPORT_WCO_REFRESH_*_COUNT
OVERRIDE_BUSY, OVERRIDE_IDLE = 20, 10  # REPORT_OVR_REFRESH_*_COUNT
BUSY = frozenset({"Home", "Run", "Hold", "Jog", "Door"})


@dataclass(frozen=True)
class Flavour:
    """What firmwares of GRBL's family say and do differently, as far as a sender of lines meets it."""

    banner: str
    lines: tuple[str, ...]  # of `$I`
    crlf_once: bool = False  # CR LF ends one line, not two
    errors_hold: bool = False  # after an error G-code earns the same error until a `$` line, an empty one, or a reset

    def build(self, note: str, blocks: int, rx_bytes: int) -> list[str]:
        """`$I`."""
        return [line.format(note=note, blocks=blocks, rx=rx_bytes) for line in self.lines]


GRBL = Flavour("\r\nGrbl 1.1h ['$' for help]", ("[VER:1.1h.20190830:{note}]", "[OPT:V,{blocks},{rx}]"))
# github.com/grblHAL/core, `protocol.c` and `report.c`, built with COMPATIBILITY_LEVEL 0.
GRBLHAL = Flavour(
    "\r\nGrblHAL 1.1f ['$' or '$HELP' for help]",
    ("[VER:1.1f.20240817:{note}]", "[OPT:VNMSL,{blocks},{rx},3,0]", "[AXS:3:XYZ]", "[FIRMWARE:grblHAL]"),
    crlf_once=True,
    errors_hold=True,
)
# github.com/bdring/FluidNC v3, `Report.cpp` and `Channel.cpp`; it says no buffer sizes.
FLUIDNC = Flavour(
    "\r\nGrbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]",
    ("[VER:3.7 FluidNC v3.7.8:{note}]", "[OPT:PHSEW]"),
    crlf_once=True,
)
DIALECTS = {"grbl": GRBL, "grblhal": GRBLHAL, "fluidnc": FLUIDNC}


def settings(values: Mapping[int, float]) -> list[str]:
    """`$$`."""
    return [f"${n}={text(n, value)}" for n, value in values.items()]


def parameters(interpreter: Interpreter, probed: Point, touched: bool) -> list[str]:
    """`$#`."""
    places = [f"[{name}:{_three(place)}]" for name, place in interpreter.memory.places.items()]
    modes = interpreter.modes
    return [*places, f"[G92:{_three(modes.g92)}]", f"[TLO:{modes.tool_length:.3f}]", probe(probed, touched)]


def probe(place: Point, touched: bool) -> str:
    """The probe's last word."""
    return f"[PRB:{_three(place)}:{touched:d}]"


def modes(interpreter: Interpreter) -> str:
    """`$G`."""
    m = interpreter.modes
    words = [f"G{m.motion:g}", f"G{m.system}", f"G{m.plane}", "G20" if m.inches else "G21"]
    words += ["G91" if m.relative else "G90", "G93" if m.inverse_time else "G94"]
    words += [f"M{m.spindle}", f"M{m.coolant}", f"T{m.tool}", f"F{m.feed:.0f}", f"S{m.s:.0f}"]
    return f"[GC:{' '.join(words)}]"


@dataclass
class Cadence:
    """When the work offset and the overrides are due in a status report."""

    wco: int = 0
    overrides: int = 0

    def due(self, busy: bool) -> tuple[bool, bool]:
        """Whether this report says the work offset, and whether it says the overrides."""
        says_wco = self.wco == 0
        if says_wco:
            self.wco = (WCO_BUSY if busy else WCO_IDLE) - 1
            self.overrides = self.overrides or 1
        else:
            self.wco -= 1
        says_overrides = self.overrides == 0
        if says_overrides:
            self.overrides = (OVERRIDE_BUSY if busy else OVERRIDE_IDLE) - 1
        else:
            self.overrides -= 1
        return says_wco, says_overrides


@dataclass(frozen=True)
class Status:
    """What one status report is made of; `mask` is `$10`: bit 0 machine position, bit 1 buffers."""

    state: str  # with its sub-state: "Hold:0"
    position: Point
    blocks: int
    rx: int
    feed_mm_min: float
    s: float
    pins: str
    offset: Point
    overrides: Sequence[int]  # feed, rapid, spindle, %
    accessories: str

    def line(self, mask: int, says_wco: bool, says_overrides: bool) -> str:
        """The report as it is printed."""
        if mask & 1:
            parts = [self.state, f"MPos:{_three(self.position)}"]
        else:
            a, b = self.position, self.offset
            parts = [self.state, f"WPos:{_three((a[0] - b[0], a[1] - b[1], a[2] - b[2]))}"]
        if mask & 2:
            parts.append(f"Bf:{self.blocks},{self.rx}")
        parts.append(f"FS:{self.feed_mm_min:.0f},{self.s:.0f}")
        if self.pins:
            parts.append(f"Pn:{self.pins}")
        if says_wco:
            parts.append(f"WCO:{_three(self.offset)}")
        if says_overrides:
            parts.append("Ov:" + ",".join(str(o) for o in self.overrides))
            if self.accessories:
                parts.append(f"A:{self.accessories}")
        return f"<{'|'.join(parts)}>"


def _three(p: Point) -> str:
    # As printFloat: half a thousandth goes away from zero, and zero has no sign.
    return ",".join(f"{'-' if v < 0 else ''}{math.floor(abs(v) * 1000 + 0.5 + 1e-6) / 1000:.3f}" for v in p)
