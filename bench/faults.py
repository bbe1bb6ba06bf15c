"""`./run faults`: the fault campaign. Thousands of cards, each with one fault at one moment, judged by the ink.

With `--pairs` each has two faults, or one and a person's word. Then only the ink is judged, not how soon a pen rose.

Every run is a pure function of its number, so the table is the same wherever it is made, and a failure is a line that
can be run again: `./run faults --trial '17:servo/6/drop-in:412@stream'`.
"""

import argparse
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from os import cpu_count

from bench.timing import show
from bench.trial import KINDS, MACHINES, UNSEEN, Trial, can_have, pair, parse, trial
from bench.trialrun import Attempt, Result, run
from plotter.simfaults import Fault, Moment

RUNS = 20_000
_CHUNK = 60


Make = Callable[[int, str | None, str | None], Trial]


def results(
    seeds: Sequence[int], kind: str | None, machine: str | None, workers: int, make: Make = trial
) -> Iterable[Result]:
    """The trials of these seeds, run in so many processes, in the order of the seeds."""
    if workers == 1:
        yield from _some(make, seeds, kind, machine)
        return
    with ProcessPoolExecutor(workers) as pool:
        chunks = [seeds[k : k + _CHUNK] for k in range(0, len(seeds), _CHUNK)]
        for some in pool.map(partial(_some, make), chunks, [kind] * len(chunks), [machine] * len(chunks)):
            yield from some


def _some(make: Make, seeds: Sequence[int], kind: str | None, machine: str | None) -> list[Result]:
    return [_sure(make(seed, kind, machine)) for seed in seeds]


def _sure(one: Trial) -> Result:
    """The result of a trial; a crash of ours is one, too."""
    try:
        return run(one)
    except Exception as error:
        return Result(str(one), one.kind, [Attempt("crash", "", "")], problems=[f"crashed: {error!r}"])


def table(found: Sequence[Result]) -> None:
    """Per kind of fault: runs, what the first sheet was said to be worth, when it was seen, what it left, problems."""
    by_kind: dict[str, list[Result]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    rows = []
    for kind in (name for name in KINDS if name in by_kind):
        some = by_kind[kind]
        cards = Counter(one.attempts[0].card for one in some)
        late = [one.attempts[0].late_s for one in some if one.attempts[0].late_s is not None]
        rows.append(
            [
                kind,
                len(some),
                *(cards[name] for name in ("whole", "blank", "resumable", "look", "spoiled")),
                sum(one.seen_by != "" for one in some),
                f"{statistics.median(late):.2f}" if late else "",
                f"{max(late):.2f}" if late else "",
                f"{max(one.attempts[0].stray_mm for one in some):.2f}",
                f"{max(one.undetected_mm for one in some):.3f}",
                f"{max(one.attempts[0].rest_s for one in some):.2f}",
                sum(bool(one.problems) for one in some),
            ]
        )
    show(
        (
            *("fault", "runs", "whole", "blank", "go on", "look", "spoiled", "by check or eye"),
            *("seen after s, median", "at most", "worst stray ink mm", "of it on delivered cards", "rest s"),
            "wrong",
        ),
        rows,
    )


def shrunk(bad: Trial) -> tuple[Trial, Result]:
    """A smaller trial that still goes wrong: fewer strokes, an earlier and rounder moment."""
    best, found = bad, _sure(bad)
    for smaller in _smaller(best):
        result = _sure(smaller)
        if result.problems:
            return shrunk(smaller)
    return best, found


def _smaller(one: Trial) -> Iterable[Trial]:
    it = one.fault
    if one.also is not None:
        yield replace(one, also=None)
    for strokes in range(1, one.strokes):
        yield replace(one, strokes=strokes)
    for digits in (0, 1, 2):
        rounder = Moment(round(it.at.seconds, digits), it.at.event, it.at.count)
        if rounder != it.at:
            yield replace(one, fault=Fault(it.kind, it.args, rounder))


def main(words: list[str] | None = None) -> int:
    """The command line; exit code 1 when a run went wrong."""
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="how many cards (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default %(default)s)")
    parser.add_argument("--kind", choices=KINDS, help="this kind of fault only")
    parser.add_argument("--pairs", action="store_true", help="two faults a card, or one and a person's word")
    parser.add_argument("--machine", choices=MACHINES, help="on this machine only")
    parser.add_argument("--workers", type=int, default=cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--trial", type=parse, help="run this one and tell all about it")
    asked = parser.parse_args(words)
    if asked.trial is not None:
        return _tell(run(asked.trial))
    if asked.machine and asked.kind and not can_have(asked.machine, asked.kind):
        parser.error(f"{asked.machine} cannot have {asked.kind}")
    if asked.pairs and asked.kind in (*UNSEEN, "none"):
        parser.error(f"{asked.kind} is no fault of a pair: no machine can tell of it")
    from rich.console import Console
    from rich.progress import Progress

    seeds = range(asked.first, asked.first + asked.runs)
    found: list[Result] = []
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("cards", total=len(seeds))
        for one in results(seeds, asked.kind, asked.machine, asked.workers, pair if asked.pairs else trial):
            found.append(one)
            bar.advance(task)
    table(found)
    bad = [one for one in found if one.problems]
    for one in bad[:10]:
        small, result = shrunk(parse(one.trial))
        print(f"\n{one.trial}: {'; '.join(one.problems[:2])}\n  smaller: ./run faults --trial '{small}'")
        print(f"  {'; '.join(result.problems)}")
    print(f"\n{len(found)} cards, {len(bad)} wrong")
    return 1 if bad else 0


def _tell(result: Result) -> int:
    print(f"{result.trial} ({result.kind})")
    for one in result.attempts:
        print(f"- {one}")
    for problem in result.problems:
        print(f"WRONG: {problem}")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
