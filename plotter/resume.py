"""Resume: what is left of a card from a proven point on, to be written as a new program."""

from dataclasses import replace

import numpy as np

from plotter.faults import Resume
from plotter.plan import Toolpath
from plotter.strokes import Stroke

# Nearer to its end than this a stroke is drawn: a hundredth is what two decimals can tell.
DONE_MM = 0.02


def rest(toolpath: Toolpath, resume: Resume) -> Toolpath:
    """The same plan, its strokes with the same numbers, the one to go on with beginning `resume.mm` along it.

    Raises ValueError when there is no such place.
    """
    if not resume.mm:
        return toolpath
    if not 0 <= resume.stroke < len(toolpath.strokes):
        raise ValueError(f"there are {len(toolpath.strokes)} strokes; cannot begin within stroke {resume.stroke}")
    strokes = list(toolpath.strokes)
    strokes[resume.stroke] = cut(strokes[resume.stroke], resume.mm)
    return replace(toolpath, strokes=tuple(strokes))


def cut(one: Stroke, mm: float) -> Stroke:
    """A stroke from `mm` along it on; its end alone when it is no longer than that. Raises ValueError below 0."""
    if mm < 0:
        raise ValueError(f"cannot begin {mm:g} mm along a stroke")
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(one, axis=0).T))))
    if mm >= along[-1]:
        return one[-1:]
    after = int(np.searchsorted(along, mm, side="right"))
    begin = [float(np.interp(mm, along, one[:, axis])) for axis in range(2)]
    return np.concatenate(([begin], one[after:]))
