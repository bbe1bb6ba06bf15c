"""Writing: centre lines of a letter in the order and direction that people write them, with as few lifts."""

from collections.abc import Iterator

import numpy as np

from fonts.skeleton import Line, Skeleton, direction
from plotter.strokes import Stroke, length

_BACK = 1.9  # the furthest way back along a stem, x-heights
_LEFT = 0.75  # how much further left makes up for lower, where a stroke begins
_ALONG = 0.1  # cosine between the way back and the branch: an arch leaves along its stem, a bar across it
_STEM = 0.06  # how far the middle of an upright stem wanders, x-heights


def written(found: Skeleton, char: str, xheight: float, base: float) -> list[Stroke]:
    """The lines of a letter in the order and direction that people write them; `xheight` and `base` in pixels."""
    lines = [_opened(one, char, xheight) if one.ring else _turned(one, char, xheight) for one in found.lines]
    if char.isalpha() and char == char.lower():
        _retraced(lines, found, xheight)
    lines.sort(key=lambda one: float(one.points[0, 0] - 0.4 * one.points[0, 1]) + (1e6 if _late(one, char) else 0.0))
    return [
        _stemmed(one.points, base, xheight) if char in "nmr" and k == 0 else one.points for k, one in enumerate(lines)
    ]


def _late(one: Line, char: str) -> bool:
    """Bars across come after what they cross."""
    wide, tall = np.ptp(one.points, axis=0)
    return bool(tall < 0.4 * wide) and char in "tfxAHEFIJ"


def _turned(one: Line, char: str, xheight: float) -> Line:
    """Begun where people begin: at the top, and at the left of two ends of much the same height."""
    (x0, y0), (x1, y1) = one.points[0], one.points[-1]
    left_first = char in "NMAW" and abs(y0 - y1) > 0.5 * xheight
    backward = x1 < x0 if left_first else y1 - y0 > _LEFT * (x1 - x0)
    return Line(one.points[::-1], one.end, one.start) if backward else one


def _opened(one: Line, char: str, xheight: float) -> Line:
    """A ring begun at its top right, or for D at its top left, counter-clockwise, and run a little past its start."""
    p = one.points[:-1] if len(one.points) > 3 and np.allclose(one.points[0], one.points[-1]) else one.points
    side = -0.8 if char in "DBPR" else 0.55
    k = int(np.argmax(p[:, 1] + side * p[:, 0]))
    p = np.roll(p, -k, axis=0)
    area = float((p[:, 0] * np.roll(p[:, 1], -1) - np.roll(p[:, 0], -1) * p[:, 1]).sum())
    if area < 0:
        p = np.roll(p[::-1], 1, axis=0)
    past = max(1, int(0.14 * xheight / max(length(p) / len(p), 1e-9)))
    tail = p[:past] + (p.mean(axis=0) - p[:past]) * np.linspace(0, 0.05, past)[:, None]
    return Line(np.concatenate((p, tail)), None, None, ring=True)


def _retraced(lines: list[Line], found: Skeleton, xheight: float) -> None:
    """Lift the pen less: bowls go up their stem and down it again, arches leave from the foot of theirs."""
    while True:
        choice: list[tuple[float, Line, Line, Stroke, int | None, int | None]] = []
        for stem in lines:
            for branch in lines:
                if stem is not branch and not stem.ring:
                    choice += _ways_on(stem, branch, found, xheight)
        if not choice:
            return
        _, stem, branch, points, start, end = max(choice, key=lambda one: one[0])
        lines[:] = [one for one in lines if one is not stem and one is not branch]
        lines.append(Line(points, start, end))


def _ways_on(
    stem: Line, branch: Line, found: Skeleton, xheight: float
) -> Iterator[tuple[float, Line, Line, Stroke, int | None, int | None]]:
    """The ways to make one line of two: down a stem, back up and into an arch; or a bowl, up its stem and down it."""
    for turned in (branch, Line(branch.points[::-1], branch.end, branch.start)):
        if turned.start is not None and stem.end is None:
            at = _nearest(stem.points, found.nodes[turned.start], 2.5 * found.radius)
            back = stem.points[at:][::-1] if at is not None else stem.points[:0]
            if at is not None and len(back) > 2 and 0.25 * xheight < length(back) < _BACK * xheight:
                along = float(direction(back[::-1], found.radius) @ direction(turned.points, found.radius)) * -1
                if along > _ALONG and _right_of(turned, stem) and not _upside_down(turned, stem, found):
                    points = np.concatenate((stem.points, back[1:-1], turned.points[1:]))
                    yield along, stem, branch, points, stem.start, turned.end
        if turned.end is not None and stem.start is None:
            at = _nearest(stem.points, found.nodes[turned.end], 2.5 * found.radius)
            up = stem.points[: at + 1][::-1] if at is not None else stem.points[:0]
            if at is not None and len(up) > 2 and 0.12 * xheight < length(up) < _BACK * xheight:
                come = -direction(turned.points[::-1], found.radius)
                along = float(direction(up, found.radius) @ come)
                if _right_of(stem, turned) and not _upside_down(turned, stem, found) and along > -_ALONG:
                    points = np.concatenate((turned.points[:-1], up[1:], stem.points[1:]))
                    yield along, stem, branch, points, turned.start, stem.end


def _right_of(one: Line, other: Line) -> bool:
    return bool(one.points[:, 0].mean() > other.points[:, 0].mean())


def _upside_down(bowl: Line, stem: Line, found: Skeleton) -> bool:
    """Whether a bowl that stands on its stem twice would be drawn from its foot."""
    if bowl.start is None or bowl.end is None:
        return False
    start, end = found.nodes[bowl.start], found.nodes[bowl.end]
    both = all(_nearest(stem.points, node, 2.5 * found.radius) is not None for node in (start, end))
    return both and start[1] < end[1]


def _nearest(points: Stroke, node: tuple[float, float], within: float) -> int | None:
    """The point of a line that lies at a junction it passes; None when the line only ends there or is elsewhere."""
    far = np.hypot(*(points - node).T)
    at = int(far.argmin())
    return at if far[at] < within else None


def _stemmed(points: Stroke, base: float, xheight: float) -> Stroke:
    """n, m and r that begin at the foot of their stem begin at its top instead, and come up again."""
    if points[0, 1] - base > 0.35 * xheight:
        return points
    up = points[:, 1] - base
    falls = np.flatnonzero(np.diff(points[:, 1]) < 0)
    rise = up[: int(falls[0]) + 1] if len(falls) else up
    half = int(np.searchsorted(rise, 0.6 * xheight))
    if half == 0 or half >= len(rise):
        return points
    slope = (points[half, 0] - points[0, 0]) / max(points[half, 1] - points[0, 1], 1.0)
    aside = np.abs(points[: len(rise), 0] - points[0, 0] - slope * (rise - rise[0]))
    stem = np.flatnonzero(aside < _STEM * xheight)
    top = max(half, int(stem[-1]))
    return np.concatenate((points[: top + 1][::-1], points[1:]))
