"""The store keeps what it was told, on both engines."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from jobs import schema
from jobs.database import migrate, open_engine
from jobs.desk import Desk
from jobs.dispatch import Dispatch
from jobs.idempotency import Begun, Idempotency, Mismatch, Replay, Running, fingerprint
from jobs.job import Condition, Decision, Missing, NotAllowed, Order, Stale, State, Taken, Wanted
from jobs.note import Note
from jobs.store import Store
from plotter.machine import Machine, Plotter
from plotter.strokes import stroke


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


def order(text: str = "Hello", **more: object) -> Order:
    note = Note(text=text, hand="wren", stock="a6", seed=7, fields={"first_name": "Zoë"})
    return Order(**{"note": note, "words": text, "lines": 1, "strokes": 5, "ink_mm": 31.5, **more})


def plotter(name: str = "p1", capacity: int = 100) -> Plotter:
    return Plotter(name=name, port="sim://", machine=Machine(), capacity=capacity)


def loaded(store: Store, *names: str) -> Dispatch:
    dispatch = Dispatch(store)
    dispatch.register([plotter(name) for name in names])
    for name in names:
        dispatch.report(name, Condition.IDLE)
        Desk(store).load(name, 100, "a6", actor="test")
    return dispatch


def ddl(engine: sa.Engine) -> set[str]:
    """The tables and indexes as the engine itself spells them; the order of a table's columns tells nothing."""
    if engine.dialect.name == "sqlite":
        query = (
            "SELECT replace(sql, '\"', '') FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'"
        )
    else:
        query = """
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
            UNION ALL
            SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable)
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
            UNION ALL
            SELECT pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid::regclass::text <> 'alembic_version' AND connamespace = 'public'::regnamespace"""
    with engine.connect() as connection:
        said = connection.execute(sa.text(query)).scalars()
        return {", ".join(sorted(re.split(r",\s*", one))) if "TABLE" in one else one for one in said}


def test_migrations_make_the_tables_of_the_schema(store_url: str) -> None:
    engine = open_engine(store_url)
    schema.metadata.create_all(engine)
    wanted = ddl(engine)
    schema.metadata.drop_all(engine)
    migrate(engine)
    assert ddl(engine) == wanted
    assert len(wanted) > 6
    migrate(engine, "base")
    assert ddl(engine) - {"CREATE TABLE sqlite_sequence(name, seq)"} == set()
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory("jobs/migrations").get_current_head() == schema.HEAD


def test_what_was_asked_for_comes_back(store: Store) -> None:
    made = store.add([order("Grüße\n“Łukasz”", metadata={"crm": "7"}, external_id="A-1")], actor="cust")[0]
    assert store.job(made.id) == made
    assert made.state is State.READY
    assert made.note.text == "Grüße\n“Łukasz”"
    assert made.note.fields == {"first_name": "Zoë"}
    assert made.created_at.tzinfo is UTC
    assert [e.kind for e in store.events(job=made.id)] == ["job.ready"]
    with pytest.raises(Missing):
        store.job("job_none")


def test_lists_go_by_cursor(store: Store) -> None:
    ids = [j.id for j in store.add([order(external_id=str(i % 2)) for i in range(7)], actor="c")]
    assert ids == sorted(ids)
    seen, after = [], None
    while True:
        page = store.jobs(limit=3, after=after, newest_first=False)
        seen += [j.id for j in page.data]
        if not page.has_more:
            break
        after = page.next
    assert seen == ids
    assert [j.id for j in store.jobs(external_id="1").data] == ids[5::-2]
    assert store.jobs(states=[State.DONE]).data == ()


def test_a_batch_waits_for_its_start(store: Store) -> None:
    desk = Desk(store)
    failures = [{"row": 3, "column": "message", "code": "text_overflow", "message": "too long"}]
    batch, jobs = store.add_batch([order(row=1), order(row=2, hold=True)], actor="c", failures=failures)
    assert (batch.total, batch.accepted, batch.refused) == (3, 2, 1)
    assert batch.states[State.HELD] == 2
    with pytest.raises(NotAllowed, match="start the batch"):
        desk.release(jobs[0].id, actor="c")
    assert "not been started" in (store.waiting_for(jobs[0]) or "")
    begun = desk.start_batch(batch.id, actor="c")
    assert begun.started_at is not None
    assert [store.job(j.id).state for j in jobs] == [State.READY, State.HELD]
    assert desk.release(jobs[1].id, actor="c").state is State.READY
    assert desk.start_batch(batch.id, actor="c") == store.batch(batch.id)


def test_the_table_forbids_what_is_not_in_it(store: Store) -> None:
    job = store.add([order()], actor="c")[0]
    for to in (State.DONE, State.WRITING, State.FAILED):
        with pytest.raises(NotAllowed):
            store.transition(job.id, to, who="person", actor="x")
    with pytest.raises(NotAllowed):
        store.transition(job.id, State.CLAIMED, who="person", actor="x")
    assert store.job(job.id) == job
    with pytest.raises(Missing):
        store.transition("job_none", State.HELD, who="person", actor="x")


def test_a_card_goes_its_way(store: Store) -> None:
    dispatch = loaded(store, "p1")
    job = store.add([order()], actor="c")[0]
    claim = dispatch.claim("p1")
    assert claim is not None
    assert dispatch.claim("p1") is None
    dispatch.pen_down(claim)
    dispatch.pen_down(claim)
    assert dispatch.progress(claim, stroke=3, x=1.5, y=2.5) is None
    row = store.plotter("p1")
    assert (row.job, row.stroke, row.x, row.blanks) == (job.id, 3, 1.5, 99)
    assert store.job(job.id).stroke == 3
    ink = [[[0.0, 0.0], [1.25, 2.5]], [[3.0, 3.0]]]
    dispatch.finish(claim, finished=True, stroke=5, seconds=61.5, ink=[stroke(s) for s in ink])
    done = store.job(job.id)
    assert (done.state, done.stroke, done.attempts, done.on) == (State.DONE, 5, 1, "p1")
    found = store.ink(job.id)
    assert found is not None
    assert [s.tolist() for s in found] == ink
    attempt = store.attempts(job.id)[0]
    assert (attempt.outcome, attempt.seconds, attempt.inked) == ("written", 61.5, True)
    assert [e.kind for e in store.events(job=job.id)] == ["job.ready", "job.claimed", "job.writing", "job.done"]
    assert store.waiting_for(done) is None


def test_urgent_first_then_oldest_pinned_and_stock_respected(store: Store) -> None:
    dispatch = loaded(store, "p1", "p2")
    other = Note(text="x", hand="wren", stock="c6")
    late, urgent, pinned, envelope = store.add(
        [order(), order(priority=5), order(plotter="p2", priority=9), order(note=other, priority=10)], actor="c"
    )
    took = []
    while (claim := dispatch.claim("p1")) is not None:
        took.append(claim.job.id)
        dispatch.pen_down(claim)
        dispatch.finish(claim, finished=True, stroke=5)
    assert took == [urgent.id, late.id]
    assert dispatch.claim("p2").job.id == pinned.id  # type: ignore[union-attr]
    words = store.waiting_for(store.job(envelope.id)) or ""
    assert "load c6 blanks" in words
    assert [j.id for j in store.queue()] == [envelope.id]


def test_many_threads_claim_each_job_once(store: Store) -> None:
    names = [f"p{i}" for i in range(8)]
    dispatch = loaded(store, *names)
    jobs = [j.id for j in store.add([order() for _ in range(60)], actor="c")]
    took: list[str] = []

    def work(name: str) -> None:
        while (claim := dispatch.claim(name)) is not None:
            took.append(claim.job.id)
            dispatch.pen_down(claim)
            dispatch.finish(claim, finished=True, stroke=5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, names))
    # A claim may come back empty-handed while another holds the row; nothing may be taken twice.
    for name in names:
        work(name)
    assert sorted(took) == jobs
    assert store.counts()[State.DONE] == 60


def test_the_database_forbids_two_open_attempts(store: Store) -> None:
    dispatch = loaded(store, "p1", "p2")
    job, other = store.add([order(), order()], actor="c")
    claim = dispatch.claim("p1")
    assert claim is not None
    row = {"boot": "b", "claimed_at": datetime.now(UTC), "lease_until": datetime.now(UTC), "reason": "", "stroke": 0}
    for clash in ({"job": job.id, "number": 2, "plotter": "p2"}, {"job": other.id, "number": 1, "plotter": "p1"}):
        with pytest.raises(sa.exc.IntegrityError), store.transaction() as connection:
            connection.execute(sa.insert(schema.attempt).values(strokes=1, held=False, **row, **clash))


def test_cancel_is_in_time_until_the_pen_is_down(store: Store) -> None:
    from jobs.job import Cancelled

    dispatch, desk = loaded(store, "p1"), Desk(store)
    first, second, third = store.add([order(), order(), order()], actor="c")
    assert desk.cancel(third.id, actor="c").state is State.CANCELLED
    assert desk.cancel(third.id, actor="c").state is State.CANCELLED
    claim = dispatch.claim("p1")
    assert claim is not None
    assert desk.cancel(first.id, actor="c").wanted == "cancel"
    with pytest.raises(Cancelled):
        dispatch.pen_down(claim)
    dispatch.give_back(claim, "cancelled")
    assert store.job(first.id).state is State.CANCELLED
    claim = dispatch.claim("p1")
    assert claim is not None
    dispatch.pen_down(claim)
    with pytest.raises(NotAllowed, match="being written"):
        desk.cancel(second.id, actor="c")


def test_an_interrupted_card_waits_for_a_person(store: Store) -> None:
    dispatch, desk = loaded(store, "p1"), Desk(store)
    store.add([order(), order(), order(), order()], actor="c")
    for decision, state in [
        (Decision.GOOD, State.DONE),
        (Decision.FRESH, State.READY),
        (Decision.GIVE_UP, State.FAILED),
    ]:
        desk.load("p1", 100, "a6", actor="op") if store.plotter("p1").blanks == 0 else None
        claim = dispatch.claim("p1")
        assert claim is not None
        dispatch.pen_down(claim)
        dispatch.finish(claim, finished=False, reason="the pen fell out", stroke=2, position_known=True)
        assert store.plotter("p1").blanks == 0
        with pytest.raises(NotAllowed, match="decide"):
            desk.load("p1", 10, "a6", actor="op")
        assert "pen fell out" in (store.waiting_for(store.job(claim.job.id)) or "")
        assert desk.decide(claim.job.id, decision, actor="op", note="looked").state is state
        attempt = store.attempts(claim.job.id)[-1]
        assert (attempt.decided_by, attempt.decision, attempt.ended_at is not None) == ("op", decision, True)
        assert (attempt.reason, attempt.note) == ("the pen fell out", "looked")
        with pytest.raises(NotAllowed, match=f"is {state}: only an interrupted or quarantined card can be decided"):
            desk.decide(claim.job.id, decision, actor="op")


def test_wishes_reach_the_card_in_hand(store: Store) -> None:
    dispatch, desk = loaded(store, "p1"), Desk(store)
    with pytest.raises(NotAllowed, match="writing nothing"):
        desk.wish("p1", Wanted.HOLD, actor="op")
    store.add([order()], actor="c")
    claim = dispatch.claim("p1")
    assert claim is not None
    dispatch.pen_down(claim)
    rung = store.bell.count("plotter:p1")
    desk.wish("p1", Wanted.HOLD, actor="op")
    assert store.bell.count("plotter:p1") > rung
    assert dispatch.progress(claim, stroke=1) is Wanted.HOLD
    desk.wish("p1", Wanted.GO_ON, actor="op")
    assert dispatch.progress(claim, stroke=1) is Wanted.GO_ON


def test_blanks_are_counted_and_bounded(store: Store) -> None:
    desk = Desk(store)
    Dispatch(store).register([plotter("p1", capacity=3)])
    with pytest.raises(NotAllowed, match="0 to 3"):
        desk.load("p1", 4, "a6", actor="op")
    assert desk.load("p1", 3, "a6", actor="op").blanks == 3
    with pytest.raises(Missing):
        desk.load("p9", 1, "a6", actor="op")


@pytest.mark.parametrize("capacity", [1, 3])
def test_nobody_loads_beside_a_card_more_than_there_is_room_for(store: Store, capacity: int) -> None:
    dispatch, desk = Dispatch(store), Desk(store)
    dispatch.register([plotter("p1", capacity=capacity)])
    dispatch.report("p1", Condition.IDLE)
    desk.load("p1", capacity, "a6", actor="op")
    store.add([order(), order()], actor="c")
    claim = dispatch.claim("p1")
    assert claim is not None
    for _ in ("claimed", "writing"):
        with pytest.raises(NotAllowed, match="its card is still being written: "):
            desk.load("p1", capacity, "a6", actor="op")
        dispatch.pen_down(claim)
    assert desk.load("p1", capacity - 1, "a6", actor="op").blanks == capacity - 1
    dispatch.finish(claim, finished=True, stroke=5)
    if capacity == 1:
        assert dispatch.claim("p1") is None  # the blank is used up: the second note waits for a person
    desk.load("p1", capacity, "a6", actor="op")
    assert dispatch.claim("p1") is not None


def test_what_an_attempt_came_to_is_the_jobs_only_while_it_is_its_own(store: Store) -> None:
    dispatch, desk = loaded(store, "p1"), Desk(store)
    job = store.add([order()], actor="c")[0]
    claim = dispatch.claim("p1")
    assert claim is not None
    dispatch.pen_down(claim)
    ink = [stroke([[1, 2], [3, 4]])]
    dispatch.finish(claim, finished=False, reason="dry", stroke=2, seconds=9.0, ink=ink)
    it = store.job(job.id)
    assert (it.on, it.stroke, it.seconds, store.ink(job.id) is None) == ("p1", 2, 9.0, False)
    for move in (lambda: desk.decide(job.id, Decision.FRESH, actor="op"), lambda: desk.cancel(job.id, actor="op")):
        move()
        it = store.job(job.id)
        assert (it.on, it.stroke, it.seconds, store.ink(job.id)) == (None, 0, None, None)
        assert store.ink(job.id, 1) is not None
        assert store.attempts(job.id)[0].seconds == 9.0


def test_no_event_is_lost_between_eight_writers(store: Store) -> None:
    """On PostgreSQL a transaction may get its numbers early and commit late; a reader meets them all the same."""
    seen: list[int] = []
    writing = threading.Event()
    writing.set()

    def read() -> None:
        last, more = 0, True
        while more:
            more = writing.is_set()
            while batch := store.events(last, limit=50):
                seen.extend(e.number for e in batch)
                last = batch[-1].number
                more = True

    def write(n: int) -> None:
        for _ in range(25):
            store.add([order() for _ in range(1 + n % 3)], actor="c")

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        list(pool.map(write, range(8)))
        writing.clear()
        reader.result()
    with store.reading() as connection:
        everything = set(connection.execute(sa.select(schema.event.c.number)).scalars())
    assert Counter(seen) == Counter(everything)
    assert store.last_event() in everything


def test_an_event_of_a_slow_transaction_comes_late_but_comes(postgres_url: str) -> None:
    store = Store(postgres_url)
    slow_has_numbers, fast_is_done = threading.Event(), threading.Event()

    def slow() -> None:
        with store.transaction() as connection:
            store.tell(connection, [{"kind": "slow"}], "t")
            slow_has_numbers.set()
            fast_is_done.wait(30)

    thread = threading.Thread(target=slow)
    thread.start()
    slow_has_numbers.wait(30)
    with store.transaction() as connection:
        store.tell(connection, [{"kind": "fast"}], "t")
    early = store.events()
    fast_is_done.set()
    thread.join()
    assert early == []  # "fast" has a higher number than "slow": showing it now would hide "slow" for ever
    assert [e.kind for e in store.events()] == ["slow", "fast"]
    store.close()


def test_same_key_one_order(store: Store) -> None:
    keys = Idempotency(store)
    request = fingerprint(b"POST", b"/v1/jobs", b"{}")
    answers: list[object] = []

    def ask() -> None:
        begun = keys.begin("key_1", "abc", request)
        answers.append(begun)
        if isinstance(begun, Begun):
            with store.transaction():
                job = store.add([order()], actor="c")[0]
                keys.finish("key_1", "abc", begun.holder, 201, job.id, {"location": f"/v1/jobs/{job.id}"})

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: ask(), range(20)))
    assert sum(isinstance(a, Begun) for a in answers) == 1
    assert all(isinstance(a, Begun | Running | Replay) for a in answers)
    assert len(store.jobs().data) == 1
    replay = keys.begin("key_1", "abc", request)
    assert isinstance(replay, Replay)
    assert replay.body == store.jobs().data[0].id
    assert keys.begin("key_1", "abc", fingerprint(b"other")) == Mismatch()
    second = keys.begin("key_2", "abc", request)
    assert isinstance(second, Begun)
    assert keys.begin("key_2", "abc", request) == Running()
    keys.forget("key_2", "abc", "somebody else")
    assert keys.look("key_2", "abc", request) == Running()
    with pytest.raises(Stale):
        keys.finish("key_2", "abc", "somebody else", 201, "")
    keys.forget("key_2", "abc", second.holder)
    assert keys.look("key_2", "abc", request) is None
    assert isinstance(keys.begin("key_2", "abc", request), Begun)


def test_a_key_of_a_dead_controller_can_be_begun_again(store_url: str) -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC)]
    first = Store(store_url, now=lambda: at[0])
    assert isinstance(Idempotency(first).begin("p", "k", "r"), Begun)
    first.close()
    second = Store(store_url, now=lambda: at[0])
    at[0] += timedelta(seconds=61)
    assert isinstance(Idempotency(second).begin("p", "k", "r"), Begun)
    second.close()


def test_a_second_controller_is_refused(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.database._PATIENCE_S", 1)  # with one that lives there is nothing to wait for
    first = Store(store_url)
    Dispatch(first).register([plotter()])
    if store_url.startswith("sqlite"):
        with pytest.raises(Taken, match="in use by another server"):
            Store(store_url)
    else:
        second = Store(store_url)
        Dispatch(second).register([plotter("p2")])
        with pytest.raises(Taken, match="p1 is driven by another"):
            Dispatch(second).register([plotter()])
        second.close()
    first.close()
    third = Store(store_url)
    Dispatch(third).register([plotter()])
    third.close()


def test_a_database_that_cannot_be_opened_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database " * 99)
    newer = Store(f"sqlite:///{tmp_path}/newer.db")
    with newer.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    newer.close()
    for url, words in (
        ("nonsense", "is no URL"),
        ("mysql://u:secret@h/d", "speaks sqlite:/// and postgresql://"),
        (f"sqlite:///{tmp_path}/file", "is not a database"),
        (f"sqlite:///{tmp_path}/file/below/x.db", "folder .* cannot be made"),
        (f"sqlite:///{tmp_path}/newer.db", "newer Fairhand"),
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be opened: .*refused"),
    ):
        with pytest.raises(ValueError, match=f"(?s){words}") as caught:
            Store(url)
        assert "secret" not in str(caught.value)


def test_nothing_half_written(store: Store) -> None:
    def begin_and_die() -> None:
        with store.transaction():
            store.add([order()], actor="c")
            raise RuntimeError("the lights go out")

    with pytest.raises(RuntimeError):
        begin_and_die()
    assert store.jobs().data == ()
    assert store.events() == []
