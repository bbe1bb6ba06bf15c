"""Whether the server can do its work, and its figures in Prometheus' text format."""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from jobs import schema
from jobs.api_errors import responses
from jobs.api_front import Front
from jobs.api_shown import HealthOut, HealthPlotter
from jobs.care import Care
from jobs.job import Condition
from jobs.store import Store

_attempt, _job, _tally = schema.attempt, schema.job, schema.tally
_OUTCOMES = ("written", "quarantined", "interrupted", "spoiled", "given_up", "not_started", "refused", "cancelled")
_CONTENT = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus exposition formats, text 0.0.4


class Figures(Collector):
    """What the store knows, counted when somebody asks; and how long requests took, counted as they come."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self._store = store
        self._seconds = Histogram(
            "fairhand_request_seconds",
            "Time to answer a request, by route.",
            ["method", "route", "status"],
            buckets=(0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0),
            registry=self.registry,
        )
        self.registry.register(self)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._seconds.labels(method, route, str(status)).observe(seconds)

    def describe(self) -> list[Metric]:
        """Nothing: what the store knows is not asked before somebody asks for the figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of the store as it stands."""
        jobs = GaugeMetricFamily("fairhand_jobs", "Jobs by state.", labels=["state"])
        for state, n in self._store.counts().items():
            jobs.add_metric([state], n)
        yield jobs
        cards, ink_m = self._cards()
        outcomes = CounterMetricFamily("fairhand_cards", "Attempts that ended, by outcome.", labels=["outcome"])
        for outcome in _OUTCOMES:
            outcomes.add_metric([outcome], cards.get(outcome, 0))
        yield outcomes
        ink = CounterMetricFamily("fairhand_ink_meters", "Ink written, in metres, spoiled cards included.")
        ink.add_metric([], ink_m)
        yield ink
        plotters = GaugeMetricFamily("fairhand_plotter_condition", "1 for what it is.", labels=["plotter", "condition"])
        blanks = GaugeMetricFamily("fairhand_plotter_blanks", "Blank cards confirmed.", labels=["plotter"])
        for row in self._store.plotters():
            for condition in Condition:
                plotters.add_metric([row.name, condition], row.condition is condition)
            blanks.add_metric([row.name], row.blanks)
        yield plotters
        yield blanks
        yield self._faults()
        yield from self._care()

    def _faults(self) -> Metric:
        """How often each fault has happened, and what was left of the card."""
        faults = CounterMetricFamily(
            "fairhand_faults",
            "Faults while a card was written, by what was left of the card; mended: it went on by itself.",
            labels=["plotter", "fault", "card"],
        )
        with self._store.reading() as connection:
            for row in connection.execute(select(_tally)):
                faults.add_metric([row.plotter, row.fault or "unknown", row.card], row.times)
        return faults

    def _care(self) -> Iterator[Metric]:
        """What pens hold, how often machines have lifted them, how their checks went."""
        lifted, left, judged = Care(self._store).counts()
        lifts = CounterMetricFamily("fairhand_lifts", "Pen lifts, by plotter.", labels=["plotter"])
        for name, n in lifted.items():
            lifts.add_metric([name], n)
        yield lifts
        ink = GaugeMetricFamily("fairhand_pen_left_meters", "Line that the pen still holds.", labels=["plotter"])
        for name, mm in left.items():
            ink.add_metric([name], mm / 1000)
        yield ink
        checks = CounterMetricFamily("fairhand_checks", "Checks of machines' places.", labels=["plotter", "good"])
        for (name, good), n in judged.items():
            checks.add_metric([name, "yes" if good else "no"], n)
        yield checks

    def _cards(self) -> tuple[Mapping[str, int], float]:
        """Attempts by outcome, and metres of ink: strokes drawn as a share of the job's, times its ink."""
        share = _attempt.c.stroke * 1.0 / func.nullif(_attempt.c.strokes, 0)
        drawn = func.sum(func.coalesce(share, 0.0) * _job.c.ink_mm)
        query = (
            select(_attempt.c.outcome, func.count(), drawn)
            .join(_job, _job.c.id == _attempt.c.job)
            .where(_attempt.c.outcome.is_not(None))
            .group_by(_attempt.c.outcome)
        )
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return {outcome: n for outcome, n, _ in rows}, sum(mm or 0.0 for _, _, mm in rows) / 1000


def router(front: Front, figures: Figures) -> APIRouter:
    """/health and /metrics."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health", responses=responses())
    def health() -> HealthOut:
        """Whether the server can do its work: the database takes what is written (else 503); how the plotters are."""
        front.store.prove()
        rows = [row for row in front.store.plotters() if row.name in {one.name for one in front.plotters}]
        ill = any(row.condition in (Condition.FAULT, Condition.ATTENTION, Condition.OFFLINE) for row in rows)
        return HealthOut(
            status="degraded" if ill else "ok",
            database="ok",
            plotters=[HealthPlotter(id=row.id, mode=row.mode, condition=row.condition) for row in rows],
        )

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={
            **responses(),
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text format."},
        },
    )
    def metrics() -> Response:
        """Figures in Prometheus' text format."""
        return Response(generate_latest(figures.registry), headers={"Content-Type": _CONTENT})

    return routes
