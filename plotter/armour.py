"""Armour: ink spelled so that GRBL itself refuses what the wire has changed.

A UART has no checksum, and a digit lost in `X12.34Y56.78` is a valid line to another place. But of an arc GRBL checks
that its end lies as far from the centre as its beginning (error:33 beyond 0.005 mm and 0.1 %). So each short straight
piece is spelled as the flat arc over it: a bow of less than 0.01 mm, which GRBL draws as one straight move ($12), and
whose end cannot be wrong by more than 0.1 mm without an error. Nor can the next line's beginning: a piece left out
makes the one after it refuse, too, so that nothing wrong is drawn after an error either.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from plotter.gcode import Ink, Places, spelled

# GRBL 1.1 `gc_execute_line`: radii that differ by less pass.
RADII_MM = 0.005
# `mc_arc` cuts an arc of length c and radius r into floor(c / 2 / sqrt(2 r t)) chords, t = $12 = 0.002 mm: one, as long
# as r > c^2 / (32 t). A little more, for the roundings.
_FLAT = 1.15 / (32 * 0.002)
# A wrong end e along the piece changes its radius by e c / 2r: it is refused from e = 2 r RADII_MM / c on. With the
# radius above that is 0.09 mm for pieces of this length, and less for shorter ones.
LONGEST_MM = 0.5
# The centre has two decimals, as the ends have: of a smaller circle the roundings alone would be refused.
_SMALLEST_MM = 0.5
# Where one byte makes a whole circle of it (`G2` becomes `G3`; a sign is lost of a piece along an axis, whose centre
# then lies as far to the other side), the circle is so large that some reports come while it is drawn. The half: a lost
# 4 leaves a circle flat enough.
_SEEN_MM = 4.5
# Centres beside the best circle's, in hundredths, itself first.
_BESIDE = np.array([(a, b) for a in (0, -1, 1) for b in (0, -1, 1)])


def arcs(starts: Places, ends: Places, first: NDArray[np.bool_]) -> list[list[str]]:
    """The arcs over each of these straight pieces: clockwise, at most 0.5 mm long."""
    way = ends - starts
    count = np.ceil(_length(way) / (100 * LONGEST_MM)).astype(np.int64)
    of = np.repeat(np.arange(len(way)), count)
    last = np.cumsum(count)
    share = (np.arange(len(of)) + 1 - (last - count)[of]) / count[of]
    there = starts[of] + np.rint(share[:, None] * way[of]).astype(np.int64)
    here = np.concatenate([starts[:1], there[:-1]])
    here[(last - count)[1:]] = starts[1:]
    worded = first[of] & (of != np.concatenate([[-1], of[:-1]]))
    centres = _centres(there - here, worded).tolist()
    said = [f"{text}I{_offset(i)}J{_offset(j)}" for text, (i, j) in zip(spelled(there), centres, strict=True)]
    return [said[a:b] for a, b in zip((last - count).tolist(), last.tolist(), strict=True)]


ARCS = Ink("G2", arcs)


def _centres(chords: Places, worded: NDArray[np.bool_]) -> Places:
    """From each piece's beginning to the centre of its arc, clockwise: of those near the best circle's the one that is
    most nearly as far from the end. `worded`: which lines say the arc's word."""
    long = _length(chords) / 100
    least = np.where(worded | (chords == 0).any(axis=1), _SEEN_MM, _SMALLEST_MM)
    radius = np.maximum(least, _FLAT * long * long)
    height = np.sqrt(radius * radius - long * long / 4) / long
    true = chords / 2 + height[:, None] * chords[:, ::-1] * (1, -1)
    near = np.rint(true).astype(np.int64)[:, None] + _BESIDE
    off = np.abs(_length(near) - _length(near - chords[:, None]))
    best: Places = near[np.arange(len(near)), off.argmin(axis=1)]
    return best


def _length(way: Places) -> NDArray[np.float64]:
    # The square root is the same on every machine, which `hypot` need not be.
    length: NDArray[np.float64] = np.sqrt((way * way).sum(axis=-1))
    return length


@cache
def _offset(hundredths: int) -> str:
    """Both decimals, for with its point in place a lost sign cannot become one; no nought before it."""
    sign, whole = "-" if hundredths < 0 else "", abs(hundredths) // 100
    return f"{sign}{whole or ''}.{abs(hundredths) % 100:02}"
