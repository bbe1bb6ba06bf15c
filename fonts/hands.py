"""Hands: a face with knobs. Two are shipped."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from fonts import hershey, knots
from fonts.accents import complete
from fonts.case import Case
from fonts.face import Face
from fonts.layout import Measure


@dataclass(frozen=True, eq=False, kw_only=True)
class Hand:
    """One writer: letters, and how much they vary. Lengths in x-heights, angles in degrees, sd = standard deviation.

    The measures beside the knobs are what people do; `dose` scales all of them (neat below 1, hasty above).
    """

    name: str
    title: str
    face: Face
    dose: float = 1.0
    slant_deg: float = 0.0  # added to the face's own
    width: float = 1.0  # of letters against the face's own
    space: float = 1.0  # between words against the face's own
    breaks: float = 0.12  # joins not made; people .1-.3
    link: float = 0.0  # added to the advance of joined letters
    soften: float = 0.06  # low-pass along the line: how far corners are rounded
    wobble: float = 0.03  # residual of a letter against the writer's mean letter; people .105 with all allographs
    width_sd: float = 0.05  # of a letter; people .21 over all its neighbours
    height_sd: float = 0.045
    foot_sd: float = 0.045  # of letters within a word; people .12-.15 unruled
    turn_sd_deg: float = 0.9
    letter_slant_sd_deg: float = 1.4
    gap_sd: float = 0.05
    slant_sd_deg: float = 1.6  # between words; people 3.5
    word_foot_sd: float = 0.05  # people .09
    word_slope_sd_deg: float = 0.7  # people 1.9
    word_size_sd: float = 0.025
    word_width_sd: float = 0.035  # people .17 over all words
    space_sd: float = 0.17  # of the log of word spaces; people .21-.26
    left_sd: float = 0.22  # people .32
    line_slope_deg: float = 0.15
    line_slope_sd_deg: float = 0.22  # people 1.0 unruled
    card_slope_sd_deg: float = 0.3
    pitch_sd_mm: float = 0.12
    late_right: float = 0.10  # how far right of its place a dot or bar comes

    @cached_property
    def case(self) -> Case:
        """The face made ready to be set."""
        return Case(self.face)

    @cached_property
    def measure(self) -> Measure:
        """What layout has to know."""
        face, case = self.face, self.case
        return Measure(
            width=lambda word: case.width(word) * self.width,
            space=face.word_space * self.space * (1 + self.space_sd**2 / 2),
            above=max(face.ascender, face.cap_height) + 0.15,
            below=-face.descender + 0.15,
        )


def _hershey_script() -> Hand:
    return Hand(
        name="hershey-script",
        title="School script after Dr Hershey",
        face=complete(hershey.script()),
        breaks=0.1,
    )


def _wren() -> Hand:
    face = knots.load((files("fonts") / "faces" / "wren.txt").read_text(encoding="utf-8"))
    return Hand(name="wren", title=face.title, face=complete(face), dose=1.25, space=1.2)


_HANDS: Mapping[str, Callable[[], Hand]] = {"hershey-script": _hershey_script, "wren": _wren}


class _Hands(Mapping[str, Hand]):
    """Hands by name, each made when first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Hand]]) -> None:
        self._makers = makers
        self._made: dict[str, Hand] = {}

    def __getitem__(self, name: str) -> Hand:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@cache
def hands() -> Mapping[str, Hand]:
    """The hands that are shipped, by name; each is loaded when it is first asked for."""
    return _Hands(_HANDS)
