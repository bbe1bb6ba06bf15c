"""The session: held against conversations with real firmware, and against replies in any order and any cut."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.dialects import GRBL
from plotter.grbl import GrblSession
from plotter.machine import Machine
from plotter.session import Alarm, Banner, Error, Event, Message, NoRoom, Ok, Setting, Status, Unknown
from plotter.words import ERRORS

TRANSCRIPTS = Path(__file__).parent / "data" / "transcripts"
BANNER = b"\r\nGrbl 1.1h ['$' for help]\r\n"


def session() -> GrblSession:
    one = GrblSession(Machine())
    assert one.receive(BANNER) == [Banner("Grbl 1.1h ['$' for help]", awaited=True)]
    return one


def play(path: Path) -> tuple[GrblSession, list[Event]]:
    """A recorded conversation, said again by a session: its state at the end, and all events."""
    one, events, left = GrblSession(Machine()), [], b""
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"[\d.]+ ([<>!])(?: (.*))?$", line)
        if not found:
            continue
        kind, text = found[1], found[2] or ""
        if kind == "!" and text == "open":
            one = GrblSession(Machine())
        elif kind == "<":
            events += one.receive(text.encode() + b"\r\n")
        elif kind == ">":
            raw = text.replace("\\r", "\r") + ("" if "{" in text else "\n")
            sent = re.sub(rb"\{(..)\}", lambda hexed: bytes.fromhex(hexed[1].decode()), raw.encode())
            if b"\x18" in sent:
                one.reset()
                left = b""
            sent = left + re.sub(rb"[?!~\x18\x80-\xff]", b"", sent)
            *whole, left = re.split(rb"[\r\n]", sent)
            # Not by `send`: the recordings hold lines that we never send.
            one._under_way.extend((-1, each.decode(), 0) for each in whole)
    return one, events


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("[0-9]*.txt")), ids=lambda path: path.stem[:2])
def test_real_firmware_says_nothing_unknown(path: Path) -> None:
    one, events = play(path)
    assert [event for event in events if isinstance(event, Unknown)] == []
    assert any(isinstance(event, Banner) for event in events)
    if path.stem[:2] not in ("04", "10", "16"):  # reset in Hold; lines lost by overflow; deaf in alarm
        assert one.lines_under_way == 0


def test_what_real_firmware_said_of_itself() -> None:
    one, events = play(TRANSCRIPTS / "01-boot-and-settings.txt")
    assert Message("OPT:V,15,128") in events
    assert (one.settings[110], one.settings[22]) == (10000, 0)
    assert [event for event in events if isinstance(event, Status)][-1] == Status("Idle", 0, (0.0, 0.0, 0.0), 15, 128)
    _, events = play(TRANSCRIPTS / "06-reset-in-motion.txt")
    assert isinstance(events[events.index(Alarm(3)) + 1], Banner)
    _, events = play(TRANSCRIPTS / "03-error-does-not-stop.txt")
    assert [(type(event), event.line) for event in events if isinstance(event, Ok | Error)][-4:] == [
        (Ok, "G1X5F3000"),
        (Error, "G1X10Y"),
        (Ok, "G1X20"),
        (Ok, "X30"),
    ]


def test_there_are_transcripts() -> None:
    assert len(list(TRANSCRIPTS.glob("[0-9]*.txt"))) >= 10


def test_replies_are_matched_as_whole_lines() -> None:
    one = session()
    one.send("G21", 7)
    said = b"[MSG:ok]\r\n[echo: error:2]\r\n$N0=\r\n>G20:ok\r\nokay\r\nok\r\n"
    assert one.receive(said) == [Message("MSG:ok"), Message("echo: error:2"), Unknown("okay"), Ok(7, "G21")]


def test_answers_go_to_lines_in_order() -> None:
    one = session()
    for index, line in enumerate(["G21", "G1X", "G90"]):
        one.send(line, index)
    events = one.receive(
        b"ok\r\n<Run|MPos:1.000,2.000,3.000|Bf:14,100|FS:0,0|WCO:1.000,0.000,0.000>\r\nerror:2\r\nok\r\n"
    )
    assert events == [
        Ok(0, "G21"),
        Status("Run", 0, (0.0, 2.0, 3.0), 14, 100),
        Error(1, "G1X", 2),
        Ok(2, "G90"),
    ]
    assert one.bytes_under_way == one.lines_under_way == 0
    (later,) = one.receive(b"<Hold:1|MPos:1.000,2.000,3.000|Bf:14,100>\n")
    assert later == Status("Hold", 1, (0.0, 2.0, 3.0), 14, 100)


def test_a_banner_drops_all_that_was_under_way() -> None:
    one = session()
    one.send("G21", 0)
    assert one.receive(BANNER) == [Banner("Grbl 1.1h ['$' for help]", awaited=False)]
    assert one.lines_under_way == 0
    assert one.receive(b"ok\r\n") == [Unknown("an ok too many")]
    assert one.receive(b"error:9\r\n") == [Unknown("error:9 to no line")]


def test_between_reset_and_banner_nothing_counts_but_an_alarm() -> None:
    one = session()
    one.send("G21", 0)
    assert one.reset() == b"\x18"
    assert not one.room("G21")
    with pytest.raises(NoRoom):
        one.send("G21")
    events = one.receive(
        b"ok\r\nerror:7\r\n$0=10\r\nALARM:3\r\n<Idle|MPos:0,0,0|Bf:15,128>\r\n" + BANNER + b"[MSG:x]\r\n"
    )
    assert events == [Alarm(3), Banner("Grbl 1.1h ['$' for help]", awaited=True), Message("MSG:x")]
    assert one.settings == {}
    assert one.room("G21")


@pytest.mark.parametrize(
    "text",
    ["Grbl 1.1f ['$' for help]", "GrblHAL 1.1f ['$' or '$HELP' for help]", "Grbl 3.7 [FluidNC v3.7.8 '$' for help]"],
)
def test_kinds_of_firmware(text: str) -> None:
    one = GrblSession(Machine())
    assert one.receive(text.encode() + b"\r\n") == [Banner(text, awaited=True)]


def test_settings_are_kept() -> None:
    one = session()
    assert one.receive(b"$110=10000.000\r\n$1=255 (step idle delay, msec)\r\n") == [
        Setting(110, 10000),
        Setting(1, 255),
    ]
    assert one.settings == {110: 10000, 1: 255}


@pytest.mark.parametrize("line", ["g21", "G1 X1", "G21\n", "(hi)", "!", "?", "~", "\x18", "ё", "G1X1;", "X" * 80])
def test_nothing_unclean_is_ever_sent(line: str) -> None:
    with pytest.raises(ValueError, match="must not be sent"):
        session().send(line)


@pytest.mark.parametrize(
    "noise",
    [
        b"<Idle|MPos:1,2>\r\n",
        b"<>\r\n",
        b"\xff\xfe\r\n",
        b"<Idle|Bf:1,2>\r\n",
        b"<Idle|MPos:0,0,0|Bf:a,b>\r\n",
        b"o" * 600,
    ],
)
def test_noise_is_unknown_and_frees_nothing(noise: bytes) -> None:
    one = session()
    one.send("G21")
    (event,) = one.receive(noise)
    assert isinstance(event, Unknown)
    assert one.lines_under_way == 1


said = st.sampled_from(
    [b"ok\r\n", b"error:20\r\n", b"ALARM:1\r\n", b"[MSG:ok]\r\n", b"\r\n", b"garbage\r\n", BANNER,
     b"<Run|MPos:0.000,0.000,0.000|Bf:0,19|FS:2400,0>\r\n"]
)  # fmt: skip


@given(
    st.lists(st.one_of(st.text("G1X2.-", min_size=1, max_size=79), said), max_size=80),
    st.sampled_from([64, 127, 128, 1024]),
)
def test_bytes_under_way_never_exceed_the_budget(acts: list[str | bytes], rx: int) -> None:
    one = GrblSession(Machine(rx_bytes=rx))
    one.receive(BANNER)
    waiting: list[int] = []
    for act in acts:
        if isinstance(act, bytes):
            one.receive(act)
            if act[:2] == b"ok" or act[:5] == b"error":
                waiting = waiting[1:]
            elif act == BANNER:
                waiting = []
        elif one.room(act):
            waiting.append(len(one.send(act)))
        else:
            with pytest.raises(NoRoom):
                one.send(act)
        assert one.bytes_under_way == sum(waiting) <= min(rx, 128) - 1


@given(st.lists(said, max_size=12), st.lists(st.integers(0, 200), max_size=10))
def test_any_cut_of_the_stream_says_the_same(parts: list[bytes], cuts: list[int]) -> None:
    whole, cut = session(), session()
    for one in (whole, cut):
        for _ in range(5):
            one.send("G21")
    data = b"".join(parts)
    expected = whole.receive(data)
    got: list[Event] = []
    begin = 0
    for end in sorted({min(c, len(data)) for c in cuts} | {len(data)}):
        got += cut.receive(data[begin:end])
        begin = end
    assert got == expected


def test_every_error_and_alarm_has_words() -> None:
    assert len(ERRORS) == 36
    assert set(GRBL.alarms) == set(range(1, 11))
    one = session()
    for line in ("G1X", "G21"):
        one.send(line)
    said = one.receive(b"error:2\r\nerror:99\r\nALARM:2\r\nALARM:99\r\n")
    words = [event.words for event in said if isinstance(event, Error | Alarm)]
    assert words[0] == "a number is missing or malformed"
    assert words[2] == "a move would have left the machine's travel (soft limit)"
    assert "does not know" in words[1]
    assert "does not know" in words[3]
