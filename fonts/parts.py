"""Parts of a note by its own lines: greeting, body, closing, signature, as people set them apart."""

from collections.abc import Sequence
from typing import Literal

Part = Literal["greeting", "body", "closing", "signature", "gap"]

_GREETING_WORDS, _CLOSING_WORDS, _SIGNATURE_WORDS = 6, 5, 5
_ENDS = ".!?…)”»"
_SHORT = 34  # characters; longer lines are body


def parts(lines: Sequence[str]) -> list[Part]:
    """What each line of a note is.

    A short first line that ends with a comma (or ! or :) and has a body under it is the greeting. A short last line
    that ends no sentence, with more than a greeting above it, is the signature; short lines just above it are the
    closing: those that end with a comma, and one without ("Viele Grüße") when a sentence or a gap ends before it. A
    short last line that ends with a comma is a closing to be signed otherwise.
    """
    found: list[Part] = ["body" if line.strip() else "gap" for line in lines]
    full = [k for k, part in enumerate(found) if part == "body"]
    first = 0
    if len(full) > 1 and _short(lines[full[0]], _GREETING_WORDS) and lines[full[0]].rstrip()[-1] in ",!:":
        found[full[0]] = "greeting"
        first = 1
    body = full[first:]
    if len(body) < 2:
        return found
    if _ended(lines, body[-1]) and _short(lines[body[-1]], _CLOSING_WORDS) and lines[body[-1]].rstrip()[-1] == ",":
        found[body[-1]] = "closing"
        return found
    if not _signature(lines[body[-1]]):
        return found
    closing: list[int] = []
    for k in body[-2:0:-1]:  # something must be left to be closed
        light = _short(lines[k], _CLOSING_WORDS) and (lines[k].rstrip()[-1] == "," or _ended(lines, k))
        if len(closing) < 2 and light:
            closing.append(k)
        else:
            break
    before = (closing or body[-1:])[-1] - 1
    if not closing and not _ended(lines, body[-1]) and lines[before].rstrip()[-1] != ",":
        return found
    if any(lines[k].rstrip()[-1] in ".!?" for k in closing):
        return found
    found[body[-1]] = "signature"
    for k in closing:
        found[k] = "closing"
    return found


def _ended(lines: Sequence[str], k: int) -> bool:
    """Whether a sentence, or nothing at all, stands above line `k`."""
    above = lines[k - 1].rstrip()
    return not above or above[-1] in _ENDS


def _short(line: str, words: int) -> bool:
    return len(line) <= _SHORT and len(line.split()) <= words


def _signature(line: str) -> bool:
    """A name: short, ending no sentence unless it is an initial ("T.") or set off by a dash or brackets."""
    line = line.strip()
    if not _short(line.partition("(")[0], _SIGNATURE_WORDS) or len(line) > 2 * _SHORT:
        return False
    return line[-1] not in ".!?:;," or len(line) <= 3 or line[0] in "–—-"
