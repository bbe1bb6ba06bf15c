"""The drawer of artwork: a folder's drawings by name, and a drawing placed on a card as a hand draws it once more."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fonts.artwork import MOST_BYTES, TOLERANCE_MM, Artwork, NotArtwork, read
from fonts.card import Box
from fonts.chance import keys, normal
from plotter.strokes import Stroke, bounds, simplify_all

NAME = r"[a-z0-9][a-z0-9-]{0,30}(/[a-z0-9][a-z0-9-]{0,30})?"

# What two drawings of one signature differ by: turn in degrees, size, and a smooth bend, as a part of the size.
_TURN, _SIZE, _BEND = 1.5, 0.03, 0.012
_MODES = ((1, 0, 1.0), (0, 1, 0.7), (1, 1, 0.6), (2, 0, 0.6), (3, 0, 0.3), (2, 1, 0.3))  # along, across, share


class Drawer(Mapping[str, Artwork]):
    """Drawings of a folder by name: "heart" of heart.svg, "signatures/margaret" of the file in that folder.

    Files are read when they are first asked for; a drawing that cannot be drawn raises NotArtwork then. Names come from
    the folder's listing: no name that is asked for becomes a path.
    """

    def __init__(self, folder: Path | None = None) -> None:
        found = sorted(folder.glob("*.svg")) + sorted(folder.glob("*/*.svg")) if folder else []
        names = {file.relative_to(folder).with_suffix("").as_posix(): file for file in found if folder}
        self._files = {name: file for name, file in names.items() if re.fullmatch(NAME, name)}
        self.unnamed = tuple(name for name in names if name not in self._files)
        self._read: dict[str, Artwork] = {}

    def __getitem__(self, name: str) -> Artwork:
        if name not in self._read:
            if not self._files[name].is_file():  # a pipe would have us wait for ever
                raise NotArtwork("there is no file to read by this name")
            with self._files[name].open("rb") as file:
                self._read[name] = read(file.read(MOST_BYTES + 1))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def size_in(art: Artwork, width_mm: float, height_mm: float, *, grow: bool = False) -> float:
    """The scale at which the artwork goes into a box; larger than it was drawn only if it may `grow`."""
    scale = min(width_mm / max(art.width_mm, 1e-6), height_mm / max(art.height_mm, 1e-6))
    return scale if grow else min(1.0, scale)


def placed(art: Artwork, box: Box, seed: int, *, grow: bool = False) -> list[Stroke]:
    """The artwork in the middle of `box`, drawn once more by hand: a little turned, larger or smaller, bent.

    Same artwork, box and seed, same strokes. All ink lies in the box.
    """
    scale = size_in(art, box.width_mm, box.height_mm, grow=grow)
    z = normal(keys(seed, "artwork"), 2 + 2 * len(_MODES))[0]
    middle = np.array([art.width_mm, art.height_mm]) / 2
    size = max(art.width_mm, art.height_mm, 1e-3)
    turn = math.radians(_TURN * float(np.clip(z[0] / 2, -1, 1)))
    factor = scale * (1 + _SIZE * float(np.clip(z[1] / 2, -1, 1)))
    matrix = factor * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    strokes = []
    for one in art.strokes:
        u, v = (_dense(one, size / 60) / size).T
        waves = np.array([part * np.cos(math.pi * i * u) * np.cos(math.pi * j * v) for i, j, part in _MODES])
        bent = _dense(one, size / 60) + _BEND * size * np.column_stack((z[2:8] @ waves, z[8:] @ waves))
        strokes.append((bent - middle) @ matrix.T)
    drawn = bounds(strokes)
    wide, high = drawn.x1 - drawn.x0, drawn.y1 - drawn.y0
    fit = min(1.0, box.width_mm / max(wide, 1e-6), box.height_mm / max(high, 1e-6))
    home = np.array([box.x_mm + box.width_mm / 2, box.y_mm + box.height_mm / 2])
    off = np.array([drawn.x0 + drawn.x1, drawn.y0 + drawn.y1]) / 2
    return [np.round((one - off) * fit + home, 4) for one in simplify_all(strokes, TOLERANCE_MM)]


def _dense(one: Stroke, step: float) -> Stroke:
    """The stroke's own points and more between them, so that a long line can bend."""
    if len(one) < 2:
        return one
    pieces = np.maximum(1, np.ceil(np.hypot(*np.diff(one, axis=0).T) / step).astype(np.int64))
    starts = np.repeat(np.arange(len(one) - 1), pieces)
    part = (np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / np.repeat(pieces, pieces)
    inner = one[starts] + part[:, None] * (one[starts + 1] - one[starts])
    return np.vstack((inner, one[-1:]))
