"""Arcs as GRBL 1.1 draws them: straight chords."""

import math

Point = tuple[float, float, float]

FULL_TURN_RAD = 5e-7  # ARC_ANGULAR_TRAVEL_EPSILON: an arc shorter than this is a whole circle


def chords(
    start: Point,
    target: Point,
    centre: tuple[float, float],
    radius: float,
    plane: tuple[int, int],
    clockwise: bool,
    tolerance: float,
) -> list[Point]:
    """The chords' end points of an arc (gnea/grbl `mc_arc`): as few as keep the chord within `tolerance` ($12)."""
    p, q = plane
    rest = 3 - p - q
    i, j = centre
    cx, cy = start[p] + i, start[q] + j
    ex, ey = target[p] - cx, target[q] - cy
    turn = math.atan2(-i * ey + j * ex, -i * ex - j * ey)
    if clockwise:
        if turn >= -FULL_TURN_RAD:
            turn -= 2 * math.pi
    elif turn <= FULL_TURN_RAD:
        turn += 2 * math.pi
    sagitta = tolerance * (2 * radius - tolerance)
    count = math.floor(abs(0.5 * turn * radius) / math.sqrt(sagitta)) if sagitta > 0 else 0
    points: list[Point] = []
    for k in range(1, count):
        c, s = math.cos(turn * k / count), math.sin(turn * k / count)
        point = [0.0, 0.0, 0.0]
        point[p], point[q] = cx - i * c + j * s, cy - i * s - j * c
        point[rest] = start[rest] + (target[rest] - start[rest]) * k / count
        points.append((point[0], point[1], point[2]))
    return [*points, target]
