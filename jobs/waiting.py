"""Waiting: why a job is not being written, in words that a person can act on."""

from collections.abc import Sequence

from jobs.job import Condition, Job, Mode, PlotterRow, State, Verdict
from plotter.faults import Card

_BUSY = "writing another card"
_DECISION = "waiting for a decision"
_CARE = "waiting for a person"
HOMES_WHEN_LOADED = "it homes when somebody has loaded blanks and confirmed them"
"""The reason of a plotter that is offline only until blanks are loaded."""


def waiting_for(job: Job, plotters: Sequence[PlotterRow]) -> str | None:
    """Why the job is not being written, in words a person can act on; None when it is being written or has ended."""
    match job.state:
        case State.HELD:
            waits_for_batch = job.batch is not None and not job.hold
            return "its batch has not been started" if waits_for_batch else "it is held; release it to have it written"
        case State.FAILED:
            return f"it failed: {job.reason}; requeue or cancel it"
        case State.INTERRUPTED:
            return f"a person must look at the card on {job.on} and decide: {_ways(job.verdict)} ({job.reason})"
        case State.QUARANTINED:
            return f"a person must look at the card written on {job.on} and decide: {job.reason}"
        case State.READY:
            return _what_a_ready_job_waits_for(job, plotters)
        case _:
            return None


def _ways(verdict: Verdict | None) -> str:
    """What can become of a broken card."""
    ways = ["go on"] if verdict is not None and verdict.resumable else []
    ways += ["good"] if verdict is None or verdict.card is not Card.SPOILED else []
    return ", ".join([*ways, "fresh card"]) + ", or give up"


def _what_a_ready_job_waits_for(job: Job, plotters: Sequence[PlotterRow]) -> str:
    mine = [p for p in plotters if p.boot is not None and job.plotter in (None, p.name)]
    if not mine:
        return f"no plotter called {job.plotter} is running" if job.plotter else "no plotter is running"
    obstacles = [(p, _obstacle(p, job.note.stock)) for p in mine]
    if any(why is None for _, why in obstacles):
        return "its turn; a plotter takes it next"
    busy = [p.name for p, why in obstacles if why == _BUSY]
    if busy:
        return f"its turn: {', '.join(busy)} {'is' if len(busy) == 1 else 'are'} writing another card"
    reasons = dict.fromkeys(why for _, why in obstacles if why is not None)
    return "; ".join(_said([p.name for p, one in obstacles if one == why], why) for why in reasons)


def _obstacle(p: PlotterRow, stock: str) -> str | None:
    """Why the plotter does not take a card on this stock, in a word that `_said` knows, or in its own."""
    if p.mode is Mode.PAUSED:
        return "paused"
    homes = p.condition is Condition.OFFLINE and p.reason == HOMES_WHEN_LOADED
    if p.job is not None and (p.condition is Condition.ATTENTION or homes):
        return _DECISION
    if p.condition is Condition.ATTENTION:
        return _CARE
    if p.condition in (Condition.OFFLINE, Condition.FAULT) and not homes:
        return p.condition.value
    if homes or stock not in p.stocks or (p.blanks == 0 and p.condition is Condition.IDLE):
        return f"load {stock} blanks"
    if p.condition is not Condition.IDLE or p.job is not None:
        return _BUSY
    return p.reason or None


def _said(names: Sequence[str], why: str) -> str:
    """What these plotters have in common, in few words; their own long reasons are shown with them."""
    who, one = " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))), len(names) == 1
    match why:
        case "paused":
            return f"{who} {'is' if one else 'are'} paused"
        case Condition.OFFLINE:
            return f"{who} {'is' if one else 'are'} offline"
        case Condition.FAULT:
            return f"{who} {'has' if one else 'have'} a fault"
        case _ if why == _DECISION:
            return f"{who} {'waits' if one else 'wait'} for your decision about a card"
        case _ if why == _CARE:
            return f"{who} {'needs' if one else 'need'} a person; the panel says what for"
        case _:
            return f"{', '.join(names)}: {why}"
