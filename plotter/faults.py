"""Faults: what can happen between host and paper, and what then becomes of the card. The table the verdicts come from.

A card is gone on with only if its position is proven, its last executed stroke boundary is certain, no deviation from
the path was seen and the paper was not touched; otherwise it is spoiled, and only a person lays a new blank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Card(StrEnum):
    """What a card is worth when its writing has ended.

    WHOLE: all is on it. BLANK: nothing is on it, and the blank can be used. RESUMABLE: it can be gone on with from a
    proven point. LOOK: only after the machine's place has been found again and a person has looked. SPOILED: a fresh
    blank, never by itself.
    """

    WHOLE = "whole"
    BLANK = "blank"
    RESUMABLE = "resumable"
    LOOK = "look"
    SPOILED = "spoiled"


@dataclass(frozen=True)
class Resume:
    """Where a card can be gone on with: `mm` along its stroke number `stroke`; 0 is the stroke's beginning."""

    stroke: int
    mm: float = 0.0


@dataclass(frozen=True)
class Fault:
    """A kind of fault: what it is in an operator's words, and the most a card can be worth after it."""

    title: str
    at_best: Card


FAULTS: Mapping[str, Fault] = {
    "unfit": Fault("the program is not fit for this machine", Card.BLANK),
    "not-ready": Fault("the machine was not ready to write", Card.BLANK),
    "stopped": Fault("stopped by the operator", Card.RESUMABLE),
    "wire-lost": Fault("the port went away (cable, USB, power of the hub)", Card.LOOK),
    "silent": Fault("the machine has stopped answering", Card.LOOK),
    "off-path": Fault("the pen left its path: bytes were lost or changed on the wire", Card.SPOILED),
    "reply-lost": Fault("answers were lost or came twice, the ink is sound", Card.RESUMABLE),
    "line-lost": Fault("bytes were lost or changed on their way to the machine, the ink is sound", Card.RESUMABLE),
    "refused": Fault("the machine refused a line", Card.RESUMABLE),
    "restarted": Fault("the machine restarted by itself", Card.SPOILED),
    "hard-limit": Fault("a limit switch was hit", Card.SPOILED),
    "soft-limit": Fault("a move would have left the machine's travel", Card.LOOK),
    "alarm": Fault("the machine locked itself", Card.SPOILED),
    "power-lost": Fault("the motors lost their supply", Card.SPOILED),
    "held": Fault("somebody pressed the machine's own hold button or opened its door", Card.RESUMABLE),
    "stuck": Fault("the machine reports, but nothing moves", Card.LOOK),
    "astray": Fault("the machine ended elsewhere than the card does", Card.SPOILED),
    "host": Fault("the program, or the computer it runs on, broke off", Card.LOOK),
    "journal": Fault("the database could not be reached", Card.RESUMABLE),
}
"""By the name that is stored and counted."""
