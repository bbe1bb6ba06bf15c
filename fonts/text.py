"""Text as it will be written: one form of every character, and a refusal for what no letter is there for."""

import re
import unicodedata
from collections.abc import Container, Iterator

from fonts.face import Face

NBSP = "\u00a0"
# Spaces that hold their neighbours together.
_FIRM = frozenset("\u00a0\u2007\u2009\u200a\u202f")
# Marks without ink: variation selectors, zero width characters, soft hyphen, byte order mark, direction marks.
_INKLESS = frozenset("\ufe0e\ufe0f\u200b\u200c\u200d\u2060\u00ad\ufeff\u200e\u200f")
_SAME = {"\u2010": "-", "\u2011": "-", "\u2012": "–", "\u2015": "—", "\u02bc": "’", "\u02bb": "‘", "\u2032": "'"}

_PLAIN = re.compile(r"[\n -~¡-¬®-ɏ‘’“”–—…]*")  # each already one composed character in its one form

Fault = tuple[str, str, str, int]


class Unwritable(ValueError):
    """Characters that a face has no letter for; `faults`: (character, code point "U+XXXX", name, index in the text)."""

    def __init__(self, faults: list[Fault]) -> None:
        words = [f"no letter for “{c}” ({code} {name}) at character {at + 1}" for c, code, name, at in faults]
        super().__init__("; ".join(words))
        self.faults = faults


def normalise(text: str) -> str:
    """NFC; one kind of line end, space, firm space and hyphen; nothing without ink; no space at the ends of lines.

    Spaces before : ; ! ? » ° % and after « become firm.
    """
    out = "".join(piece for piece, _ in _pieces(text))
    out = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", out))
    out = re.sub(r"(?<=«) | (?=[:;!?»°%])", NBSP, out)  # held together in French and in measures
    return re.sub(r"\n{3,}", "\n\n", out).strip(" \n" + NBSP)


def check(text: str, face: Face) -> None:
    """Raises Unwritable with every character of `text` that `face` has no letter for, and where each stands."""
    faults = list(unwritable(text, face.glyphs))
    if faults:
        raise Unwritable(faults)


def unwritable(text: str, letters: Container[str]) -> Iterator[Fault]:
    """What of `text` is not among `letters`, with positions in the text as it was given."""
    for piece, at in _pieces(text):
        for char in piece:
            if char not in letters and char not in " \n" + NBSP:
                yield char, f"U+{ord(char):04X}", unicodedata.name(char, "an unnamed character"), at


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Each character with the marks that follow it, composed and made uniform; where it stands in `text`."""
    if _PLAIN.fullmatch(text):
        yield from zip(text, range(len(text)), strict=True)
        return
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        if text[at] == "\r":
            if text[end : end + 1] != "\n":
                yield "\n", at
        else:
            yield "".join(map(_uniform, unicodedata.normalize("NFC", text[at:end]))), at
        at = end


def _uniform(char: str) -> str:
    if char in _INKLESS:
        return ""
    if char in "\n\u2028\u2029\u0085\v\f":
        return "\n"
    if char in _FIRM:
        return NBSP
    if char == "\t" or unicodedata.category(char) == "Zs":
        return " "
    return _SAME.get(char, char)
