"""What a broken card is worth as the API shows it: the word, by which fault, in words, and whether it can go on."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from jobs.job import Verdict
from plotter.faults import FAULTS, Card

WORDS: Mapping[Card, str] = {
    Card.WHOLE: "all of it is on the card",
    Card.BLANK: "nothing is on the card: it can be used again",
    Card.RESUMABLE: "it can be gone on with",
    Card.LOOK: "look at it first",
    Card.SPOILED: "spoiled: lay a fresh card",
}


class ResumeOut(BaseModel):
    """Where a card goes on: `mm` along the plotter's stroke of that number, counted in the order it draws them."""

    stroke: int
    mm: float


class VerdictOut(BaseModel):
    """What a broken card is worth."""

    card: Card = Field(
        description="whole; blank: nothing is on it; resumable: it can be gone on with; look: only after a look at it; "
        "spoiled: a fresh card."
    )
    fault: str | None = Field(description="What happened; docs/operate.md lists the faults.")
    words: str = Field(description="Both in words for the person at the machine.")
    resume: ResumeOut | None = Field(description="Where it can be gone on with, if its place is known.")
    resumable: bool = Field(description="Whether its plotter stands ready now to go on with it: decide `resume`.")


def verdict_out(one: Verdict | None) -> VerdictOut | None:
    """What a card is worth as the API shows it."""
    if one is None:
        return None
    known = FAULTS.get(one.fault)
    words = "; ".join(filter(None, (WORDS[one.card], known.title if known else one.fault)))
    where = None if one.resume is None else ResumeOut(stroke=one.resume.stroke, mm=one.resume.mm)
    return VerdictOut(card=one.card, fault=one.fault or None, words=words, resume=where, resumable=one.resumable)
