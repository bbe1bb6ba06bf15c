"""Library: the hands of one shop: those that are shipped, fonts it has added, and people of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from fonts.face import Face
from fonts.hands import AS_DRAWN, Hand, Hands, adapted, face, faces, hands
from fonts.kept import load
from fonts.manner import Manner

NAME = r"[a-z0-9][a-z0-9-]{0,30}"


@dataclass(frozen=True)
class Person:
    """A hand of the shop's own: the face somebody learned, a title, and their manner."""

    face: str
    title: str
    manner: Manner


class NoHand(ValueError):
    """Hands of a shop that cannot be; `faults` says everything that is wrong with them."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def added(folder: Path | None) -> dict[str, Path]:
    """Files of the fonts that were added to a folder, by name; from its listing only."""
    listed = sorted(folder.glob("*.json")) if folder is not None and folder.is_dir() else []
    return {file.stem: file for file in listed if re.fullmatch(NAME, file.stem)}


def library(folder: Path | None, people: Mapping[str, Person]) -> Hands:
    """The hands by name, each made when it is first asked for; raises NoHand.

    A file in `folder` that is broken raises FontFault when its hand is asked for.
    """
    shipped, files = hands(), added(folder)
    known = {*faces(), *files}
    wrong = [f"{files[name].name}: a hand '{name}' is shipped; rename the file" for name in files if name in shipped]
    wrong += [f"[hands.{name}] there is a hand of that name already" for name in people if name in {*shipped, *files}]
    wrong += [
        f"[hands.{name}] face: there is no face '{one.face}'; there are {', '.join(sorted(known))}"
        for name, one in people.items()
        if one.face not in known
    ]
    if wrong:
        raise NoHand(wrong)

    @cache
    def drawn(name: str) -> Face:
        return load(files[name])[0] if name in files else face(name)

    def imported(name: str) -> Hand:
        it = drawn(name)
        return adapted(name, it.title, it, AS_DRAWN)

    def person(name: str) -> Hand:
        one = people[name]
        title = one.title or name.replace("-", " ").capitalize()
        return Hand(name=name, title=title, school=partial(drawn, one.face), manner=one.manner)

    makers: dict[str, Callable[[], Hand]] = {name: partial(shipped.__getitem__, name) for name in shipped}
    makers |= {name: partial(imported, name) for name in files}
    makers |= {name: partial(person, name) for name in people}
    return Hands(makers)


def faults(folder: Path | None) -> list[str]:
    """What is wrong with the fonts in a folder, each file read."""
    found = []
    for file in added(folder).values():
        try:
            load(file)
        except ValueError as error:
            found.append(str(error))
    return found
