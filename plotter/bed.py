"""Bed: papers as they lie on a machine's bed: whether each lies inside it, and none upon another."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from plotter.machine import Machine, Slot
from plotter.strokes import Stroke, depth_mm

# A slot measured to hundredths of a millimetre, or turned by arithmetic, may carry a corner this far over an edge.
SLACK_MM = 0.05

Size = tuple[float, float]
"""Width and height of a paper, mm."""


def outline(slot: Slot, paper: Size) -> Stroke:
    """The paper's four corners in the machine frame, from the lower left one counter-clockwise: (4, 2), mm."""
    width, height = paper
    return slot.onto_bed([np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)])])[0]


def beyond_mm(slot: Slot, paper: Size, machine: Machine) -> float:
    """How far the paper reaches over the edge of the bed at most, mm; 0 when it lies inside."""
    corners = outline(slot, paper)
    over = max(float((-corners).max()), float((corners - (machine.width_mm, machine.height_mm)).max()))
    return over if over > SLACK_MM else 0.0


def overlap_mm(a: Stroke, b: Stroke) -> float:
    """How deep two convex outlines lie in one another, mm: the least shift that parts them; 0 when they do not."""
    deep = depth_mm(a, b)
    return deep if deep > SLACK_MM else 0.0


def faults(bed: Mapping[str, Slot], papers: Mapping[str, Size], machine: Machine) -> list[str]:
    """What is wrong with laying these papers into these slots, in words with names and mm: nothing when all fits."""
    found = []
    for name, paper in papers.items():
        if over := beyond_mm(bed[name], paper, machine):
            found.append(
                f"in slot {name} the paper of {paper[0]:g} x {paper[1]:g} mm reaches {over:.1f} mm beyond the bed of "
                f"{machine.width_mm:g} x {machine.height_mm:g} mm"
            )
    for one, other in combinations(papers, 2):
        if deep := overlap_mm(outline(bed[one], papers[one]), outline(bed[other], papers[other])):
            found.append(f"the papers in slots {one} and {other} overlap by {deep:.1f} mm")
    return found
