"""Transliteration, only where a note asks for it: what a hand has no letter for, in letters that it has."""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from fonts.text import Fault, Unwritable, unwritable


@dataclass(frozen=True)
class Replacement:
    """A `character` of the text, marks and all: its code points and name, where it stands, what is `written` for it."""

    character: str
    code_point: str
    name: str
    position: int
    written: str

    def __str__(self) -> str:
        where = f"({self.code_point} {self.name}) at character {self.position + 1}"
        return f"“{self.character}” {where} is written as “{self.written}”"


def transliterate(text: str, letters: Container[str]) -> tuple[str, tuple[Replacement, ...]]:
    """The text with every character that is not among `letters` in Latin letters, and each replacement in order.

    Character by character, by the package anyascii. Raises Unwritable for what it has nothing for, or only a picture's
    name (":tada:" is no transliteration), or letters that are not there either: nothing is dropped in silence. A mark
    that no letter can carry falls away from its letter, which is a replacement like any other.
    """
    faults: dict[int, Fault] = {}
    for fault in unwritable(text, letters):
        faults.setdefault(fault[3], fault)
    if not faults:
        return text, ()
    refused: list[Fault] = []
    replacements: list[Replacement] = []
    out: list[str] = []
    done = 0
    for at, fault in faults.items():
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        character = unicodedata.normalize("NFC", text[at:end])
        written = "".join(one if one in letters else _latin(one) for one in character)
        out += [text[done:at], written]
        done = end
        if not written or next(unwritable(written, letters), None):
            refused.append(fault)
        else:
            codes = " ".join(f"U+{ord(one):04X}" for one in character)
            replacements.append(Replacement(character, codes, fault[2], at, written))
    if refused:
        raise Unwritable(refused)
    return "".join((*out, text[done:])), tuple(replacements)


def _latin(character: str) -> str:
    """In ASCII; "" where there is nothing, or only a name."""
    from anyascii import anyascii

    found = anyascii(character)
    return "" if len(found) > 2 and found[0] == found[-1] == ":" else found.strip()
