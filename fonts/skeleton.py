"""Skeleton: the centre lines of a letter's shape, as one who writes it would draw them: straight on where lines cross,
back along a stem where a bowl or an arch leaves it. Needs the extra `import` (scikit-image).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d

from plotter.strokes import Stroke, length, resample

Bitmap = NDArray[np.bool_]
_Pixel = tuple[int, int]

# In stem radii (half the width of a line where it is).
_SPUR = 1.7  # a branch that stands out less from the middle of its junction is the corner of a line's end
_NODE = 1.6  # two junctions closer than this are one crossing, taken apart by the thickness of its lines
_CLEAR, _FAR = 0.9, 2.6  # where a line's own way begins outside of a junction, and up to where its direction is taken
_STRAIGHT_DEG = 62.0  # a pen goes on into a line that turns no further
_MITER, _ACUTE_DEG = 1.6, 80.0  # how far the point of a sharp corner stands out of it, of what its angle makes it


@dataclass(eq=False)
class _Edge:
    """A line between two nodes; points in pixels, x right, y down."""

    a: int
    b: int
    points: Stroke

    def end(self, at_b: bool) -> Stroke:
        """The points, beginning at one of its ends."""
        return self.points[::-1] if at_b else self.points


@dataclass(eq=False)
class Line:
    """A centre line in pixels, y up; `start` and `end` name the junction it stands on there, None for a free end."""

    points: Stroke
    start: int | None
    end: int | None
    ring: bool = False


@dataclass(frozen=True)
class Skeleton:
    """Centre lines of a shape in no order, places of its junctions, and the usual half width of its lines, pixels."""

    lines: list[Line]
    nodes: dict[int, tuple[float, float]]
    radius: float


def skeleton(shape: Bitmap) -> Skeleton:
    """The centre lines of a shape. `shape` has an empty border; row 0 is the top, and y = -row in what comes out."""
    from skimage.morphology import skeletonize

    radius = distance_transform_edt(shape)
    thin: Bitmap = skeletonize(shape)  # type: ignore[no-untyped-call]
    usual = float(np.median(radius[thin])) if thin.any() else 1.0
    smooth = gaussian_filter(shape.astype(np.float32), 0.35 * usual) > 0.5
    if thin.any():
        thin = skeletonize(smooth | thin)  # type: ignore[no-untyped-call]
    edges, dots = _graph(thin)
    _prune(edges, radius)
    _merge(edges, radius)
    _sharpen(edges, radius)
    nodes = _places(edges)
    lines = list(_lines(edges, nodes, radius))
    for dot in dots:
        lines.append(Line(np.array([dot], dtype=np.float64), None, None))
    for one in lines:
        one.points = _finished(one, shape, radius) * (1.0, -1.0)
    return Skeleton(lines, {k: (x, -y) for k, (x, y) in nodes.items()}, usual)


# ------------------------------------------------------------------------------------------------ graph


def _graph(thin: Bitmap) -> tuple[list[_Edge], list[tuple[float, float]]]:
    """Edges of the skeleton, and its single pixels. Diagonal neighbours count where no straight way leads to them."""
    pixels = {(int(r), int(c)) for r, c in np.argwhere(thin)}
    near: dict[_Pixel, list[_Pixel]] = {}
    for r, c in pixels:
        straight = [(r + dr, c + dc) for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)) if (r + dr, c + dc) in pixels]
        diagonal = [
            (r + dr, c + dc)
            for dr, dc in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            if (r + dr, c + dc) in pixels and (r + dr, c) not in pixels and (r, c + dc) not in pixels
        ]
        near[r, c] = straight + diagonal
    number = {p: k for k, p in enumerate(sorted(p for p in pixels if len(near[p]) != 2))}
    edges, seen = [], set()
    for p in number:
        for q in near[p]:
            if (p, q) in seen:
                continue
            way = [p, q]
            while way[-1] not in number:
                here, before = way[-1], way[-2]
                way.append(next(n for n in near[here] if n != before))
            seen |= {(way[0], way[1]), (way[-1], way[-2])}
            edges.append(_Edge(number[p], number[way[-1]], _xy(way)))
    passed = {p for one in edges for p in map(tuple, one.points[:, ::-1].astype(int).tolist())}
    for p in sorted(pixels - passed):
        if p in passed or len(near[p]) != 2:
            continue
        way = [p, near[p][0]]
        while way[-1] != p:
            here, before = way[-1], way[-2]
            way.append(next(n for n in near[here] if n != before))
        passed.update(way)
        ring = len(number) + len(edges)
        edges.append(_Edge(ring, ring, _xy(way)))
    return edges, [(float(c), float(r)) for (r, c) in sorted(pixels) if not near[r, c]]


def _xy(way: list[_Pixel]) -> Stroke:
    return np.array(way, dtype=np.float64)[:, ::-1].copy()


def _degrees(edges: list[_Edge]) -> dict[int, int]:
    degrees: dict[int, int] = {}
    for one in edges:
        for node in (one.a, one.b):
            degrees[node] = degrees.get(node, 0) + 1
    return degrees


def _at(radius: NDArray[np.float64], point: Stroke) -> float:
    return float(radius[int(point[1]), int(point[0])])


def _prune(edges: list[_Edge], radius: NDArray[np.float64]) -> None:
    """Take away the spurs that corners of a line's end leave, shortest first, and let lines go through."""
    while True:
        degrees = _degrees(edges)
        spurs = []
        for one in edges:
            for node, other, tip, foot in ((one.a, one.b, 0, -1), (one.b, one.a, -1, 0)):
                if degrees[node] == 1 and degrees[other] >= 3:
                    stands = length(one.points) + _at(radius, one.points[tip])
                    if stands < _SPUR * _at(radius, one.points[foot]):
                        spurs.append((stands, one))
        if not spurs:
            break
        edges.remove(min(spurs, key=lambda spur: spur[0])[1])
        _pass_through(edges)


def _sharpen(edges: list[_Edge], radius: NDArray[np.float64]) -> None:
    """Take the points of sharp corners (v, z) for what they are: the pen runs out into them and back."""
    while True:
        degrees = _degrees(edges)
        for one in edges:
            for tip, foot in ((one.a, one.b), (one.b, one.a)):
                if degrees[tip] != 1 or degrees[foot] != 3:
                    continue
                out = one.points if one.a == foot else one.points[::-1]
                others = [e for e in edges if e is not one and foot in (e.a, e.b)]
                if len(others) != 2 or others[0].a == others[0].b:
                    continue
                r = _at(radius, out[0])
                # Close to the corner its sides are bent towards each other.
                u, v = (direction(e.points if e.a == foot else e.points[::-1], 2 * r) for e in others)
                apart = _bend(-u, v)
                # Two bars of half width r at this angle have their edges cross so far behind where their middles do.
                point = r / max(math.sin(math.radians(apart / 2)), 0.1)
                away = u + v
                if apart > _ACUTE_DEG or length(out) > _MITER * point or float(direction(out, r) @ away) > -0.8:
                    continue
                edges.remove(one)
                reach = out[max(1, len(out) - 1 - int(max(0.0, 0.8 * r - _at(radius, out[-1]))))]
                for e in others:
                    keep = max(2, len(e.points) - int(min(length(out) + r, 0.4 * len(e.points))))
                    if e.b == foot:
                        e.points = np.concatenate((e.points[:keep], reach[None]))
                    else:
                        e.points = np.concatenate((reach[None], e.points[-keep:]))
                _pass_through(edges)
                break
            else:
                continue
            break
        else:
            return


def _pass_through(edges: list[_Edge]) -> None:
    """Two edges that meet alone at a node become one."""
    while True:
        degrees = _degrees(edges)
        for node, degree in degrees.items():
            there = [one for one in edges if node in (one.a, one.b)]
            if degree == 2 and len(there) == 2:
                one, two = there
                head = one.points if one.b == node else one.points[::-1]
                tail = two.points if two.a == node else two.points[::-1]
                a, b = one.a if one.b == node else one.b, two.b if two.a == node else two.a
                edges[:] = [e for e in edges if e is not one and e is not two]
                edges.append(_Edge(a, b, np.concatenate((head, tail[1:]))))
                break
        else:
            return


def _merge(edges: list[_Edge], radius: NDArray[np.float64]) -> None:
    """Put junctions together again that the thickness of the lines has taken apart."""
    while True:
        degrees = _degrees(edges)
        short = [
            one
            for one in edges
            if one.a != one.b
            and min(degrees[one.a], degrees[one.b]) >= 3
            and length(one.points) < _NODE * _at(radius, one.points[len(one.points) // 2])
        ]
        if not short:
            return
        one = min(short, key=lambda edge: len(edge.points))
        edges.remove(one)
        middle = one.points.mean(axis=0)
        for other in edges:
            for node in (one.a, one.b):
                if other.a == node:
                    other.a, other.points = one.a, np.concatenate((middle[None], other.points))
                if other.b == node:
                    other.b, other.points = one.a, np.concatenate((other.points, middle[None]))
        edges[:] = [e for e in edges if e.a != e.b or length(e.points) > 3 * _at(radius, e.points[0])]


def _places(edges: list[_Edge]) -> dict[int, tuple[float, float]]:
    """Where each junction lies."""
    nodes = {}
    for one in edges:
        for node, at in ((one.a, one.points[0]), (one.b, one.points[-1])):
            nodes[node] = (float(at[0]), float(at[1]))
    return nodes


# ------------------------------------------------------------------------------------------------ lines


def _lines(edges: list[_Edge], nodes: dict[int, tuple[float, float]], radius: NDArray[np.float64]) -> Iterator[Line]:
    """Edges put together to lines that go straight on at junctions."""
    ends: dict[int, list[tuple[int, bool]]] = {}
    for k, one in enumerate(edges):
        ends.setdefault(one.a, []).append((k, False))
        ends.setdefault(one.b, []).append((k, True))
    on: dict[tuple[int, bool], tuple[int, bool]] = {}
    for node, there in ends.items():
        if len(there) < 3:
            continue
        r = radius[int(nodes[node][1]), int(nodes[node][0])]
        ways = {end: direction(edges[end[0]].end(end[1]), r) for end in there}
        bends = sorted((_bend(ways[p], ways[q]), p, q) for p, q in combinations(there, 2) if p[0] != q[0])
        if len(there) == 4:  # two lines cross: the pairing that is straightest as a whole
            first, *rest = there
            pairings = [((first, q), tuple(e for e in rest if e != q)) for q in rest]
            whole = [
                sum(_bend(ways[p], ways[q]) if p[0] != q[0] else 400.0 for p, q in pairing) for pairing in pairings
            ]
            best = pairings[int(np.argmin(whole))]
            bends = [(_bend(ways[p], ways[q]), p, q) for p, q in best if p[0] != q[0]] + bends
        for bend, p, q in bends:
            if bend < _STRAIGHT_DEG and p not in on and q not in on:
                on[p], on[q] = q, p
    done: set[int] = set()
    starts = [(k, at_b) for k in range(len(edges)) for at_b in (False, True) if (k, at_b) not in on]
    for k, at_b in [*starts, *((k, False) for k in range(len(edges)))]:
        if k in done:
            continue
        first = (k, at_b)
        parts: list[Stroke] = []
        here: tuple[int, bool] | None = first
        leave = first
        while here is not None and here[0] not in done:
            done.add(here[0])
            one = edges[here[0]]
            parts.append(_cleared(one.end(here[1]), len(parts) > 0, (here[0], not here[1]) in on, radius))
            leave = (here[0], not here[1])
            here = on.get(leave)
        one, last = edges[first[0]], edges[leave[0]]
        begin, close = (one.b if first[1] else one.a), (last.b if leave[1] else last.a)
        ring = here is not None or (begin == close and len(ends[begin]) == 2)
        degree = {node: len(ends[node]) for node in (begin, close)}
        yield Line(
            np.concatenate(parts),
            begin if degree[begin] >= 3 else None,
            close if degree[close] >= 3 else None,
            ring,
        )


def direction(points: Stroke, r: float) -> Stroke:
    """The way a line sets off from a junction, once outside of it."""
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    near = min(_CLEAR * r, 0.4 * along[-1])
    far = min(_FAR * r + 2, along[-1])
    p, q = (np.array([np.interp(at, along, points[:, axis]) for axis in (0, 1)]) for at in (near, far))
    return np.asarray((q - p) / max(float(np.hypot(*(q - p))), 1e-9))


def _bend(u: Stroke, v: Stroke) -> float:
    """How far a pen that comes along -u turns to go on along v, degrees."""
    return math.degrees(math.acos(float(np.clip(-(u @ v), -1, 1))))


def _cleared(points: Stroke, begins_inside: bool, ends_inside: bool, radius: NDArray[np.float64]) -> Stroke:
    """A line without its points inside the junctions it passes, where thick lines pull each other aside."""
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    low = min(_CLEAR * _at(radius, points[0]), 0.35 * along[-1])
    high = along[-1] - min(_CLEAR * _at(radius, points[-1]), 0.35 * along[-1])
    keep = (along >= low) & (along <= high)
    if not begins_inside:
        keep[0] = True
    if not ends_inside:
        keep[-1] = True
    kept: Stroke = points[keep]
    return kept


def _finished(line: Line, shape: Bitmap, radius: NDArray[np.float64]) -> Stroke:
    """The line smoothed, and drawn out at its free ends to where a pen of its width would have begun."""
    points = line.points
    if len(points) < 3:
        return points
    r = float(np.median([_at(radius, p) for p in points]))
    if line.start is None and not line.ring:
        points = _drawn_out(points[::-1], shape, r)[::-1]
    if line.end is None and not line.ring:
        points = _drawn_out(points, shape, r)
    points = resample(points, 1.0)
    sigma = min(0.55 * r + 1.5, len(points) / 6)
    return np.asarray(gaussian_filter1d(points, sigma, axis=0, mode="wrap" if line.ring else "nearest"))


def _drawn_out(points: Stroke, shape: Bitmap, r: float) -> Stroke:
    n = max(2, min(len(points) - 1, int(1.5 * r)))
    way = points[-1] - points[-1 - n]
    way = way / max(float(np.hypot(*way)), 1e-9)
    steps = np.arange(0.0, 4 * r, 0.5)[:, None]
    ahead = points[-1] + steps * way
    rows = np.clip(ahead[:, 1].astype(int), 0, shape.shape[0] - 1)
    columns = np.clip(ahead[:, 0].astype(int), 0, shape.shape[1] - 1)
    outside = np.flatnonzero(~shape[rows, columns])
    room = float(steps[outside[0], 0]) - 0.7 * r if len(outside) else 0.0
    return np.concatenate((points, points[-1:] + way * room)) if room > 1.0 else points
