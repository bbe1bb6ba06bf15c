"""Hands: a face and a person's manner of writing it. `faces/hands.toml` lists those that are shipped."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

from fonts import hershey, knots, lettering
from fonts.accents import complete
from fonts.case import Case
from fonts.face import Face
from fonts.habits import adopt
from fonts.layout import QUOTES, Measure
from fonts.manner import Manner

AS_DRAWN = Manner()


@dataclass(frozen=True, eq=False, kw_only=True)
class Hand:
    """One writer: the face they learned (`school` loads it), and a manner of writing it."""

    name: str
    title: str
    school: Callable[[], Face]
    manner: Manner = AS_DRAWN

    @cached_property
    def face(self) -> Face:
        """Their letters: the face with their proportions and habits, accents and all. The first look takes 0.1 s."""
        return complete(adopt(self.school(), self.manner))

    @cached_property
    def case(self) -> Case:
        """The face made ready to be set."""
        return Case(self.face)

    @cached_property
    def measure(self) -> Measure:
        """What layout has to know."""
        face, case = self.face, self.case
        # The gap is about a fifth of a lifted letter's way to the next.
        looser = 1 + 0.2 * (self.manner.gap - 1) * (1 if face.style == "print" else 0.4)
        return Measure(
            width=lambda word: case.width(word) * self.width * looser,
            space=face.word_space * self.space * 1.02,
            above=max(face.ascender, face.cap_height) + 0.15,
            below=-face.descender + 0.15,
            hang=lambda word: case.width(word) - case.width(word[1:]) if word[0] in QUOTES and word[1:] else 0.0,
        )

    def turned(self, knobs: Mapping[str, float]) -> "Hand":
        """This person with some of KNOBS set otherwise; face and letters stay. Raises ValueError beyond a bound."""
        other = replace(self, manner=replace(self.manner, **dict[str, Any](knobs)))
        # Where cached_property looks: the letters are there and ready for setting already.
        vars(other).update(face=self.face, case=self.case)
        return other

    @property
    def drawn(self) -> str:
        """Name of the face that this person learned."""
        return self.face.name

    @property
    def width(self) -> float:
        """Of letters against the face's own; hurry stretches (x-heights stay)."""
        return self.manner.width * (1 + 0.12 * self.manner.hurry)

    @property
    def space(self) -> float:
        """Of word spaces against the face's own."""
        return 1.75 * self.manner.space

    @property
    def connectedness(self) -> float:
        """Share of possible joins that are made: people 70-90 %."""
        return min(1.0, self.manner.connectedness + 0.1 * self.manner.hurry)

    @property
    def soften(self) -> float:
        """Low-pass along the pen's way, x-heights: how far corners are rounded."""
        return 0.028 * (1 + self.manner.hurry)

    @property
    def late_right(self) -> float:
        """How far right of its place a dot or a bar comes, x-heights."""
        return 0.1 * (1 + 1.2 * self.manner.hurry)

    @property
    def link(self) -> float:
        """Added to the way between joined letters, x-heights."""
        return 0.06 * self.manner.hurry


def adapted(name: str, title: str, drawn: Face, manner: Manner) -> Hand:
    """The hand of a person who learned a face that is at hand."""
    return Hand(name=name, title=title, school=lambda: drawn, manner=manner)


@cache
def face(name: str) -> Face:
    """A shipped face as it was drawn; raises KeyError."""
    if name in _DIGITISED:
        return _DIGITISED[name]()
    file = files("fonts") / "faces" / f"{name}.txt"
    if name == "marks" or not name.isalpha() or not file.is_file():
        raise KeyError(name)
    return knots.load(file.read_text(encoding="utf-8"))


def faces() -> tuple[str, ...]:
    """Names of the shipped faces."""
    drawn = (one.name.removesuffix(".txt") for one in (files("fonts") / "faces").iterdir() if one.name.endswith(".txt"))
    return (*sorted(name for name in drawn if name != "marks"), *_DIGITISED)


_DIGITISED: Mapping[str, Callable[[], Face]] = {"hershey-script": hershey.script, "hershey-sans": lettering.sans}


class Hands(Mapping[str, Hand]):
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


def _maker(name: str, entry: Mapping[str, Any]) -> Callable[[], Hand]:
    knobs = {key: value for key, value in entry.items() if key not in ("face", "title")}
    manner = TypeAdapter(Manner).validate_python(knobs)
    school = partial(face, entry.get("face", name))
    return lambda: Hand(name=name, title=entry["title"], school=school, manner=manner)


@cache
def hands() -> Hands:
    """The hands that are shipped, by name; letters are loaded when they are first looked at."""
    table = tomllib.loads((files("fonts") / "faces" / "hands.toml").read_text(encoding="utf-8"))
    return Hands({name: _maker(name, entry) for name, entry in table.items()})
