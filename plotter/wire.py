"""Wire: one port and one session bound together; the only place that reads and writes a port."""

from plotter.port import Port, PortError, Talk, run
from plotter.session import Alarm, Banner, Error, Event, Message, Ok, Session, Status

# GRBL answers a line within milliseconds, and within a dwell at worst; USB bridges add some 16 ms.
ANSWER_S = 3.0
# Across a 3 m bed at 1,000 mm/min.
LONG_WAY_S = 180.0
# After a reset GRBL 1.1 speaks within 10 ms; after opening the port an AVR boots for 1.2 s, some boot loaders 2 s.
BOOT_S = 3.0
_REPORTS = 4  # so many are asked for at most until two agree
_LOST_S = 2.0  # a report that has not come by then does not: late wires are late by less


class Silence(PortError):
    """The machine did not answer in time."""


class Locked(Exception):
    """The machine has locked itself, or restarted, while it was asked something."""


class Refusal(Exception):
    """The machine refused a line that was to prepare it."""


class Wire:
    """Bytes from session to port, bytes from port to session, in the port's own time."""

    def __init__(self, port: Port, session: Session) -> None:
        self._port = port
        self.session = session

    def now(self) -> float:
        return self._port.clock.now()

    def put(self, data: bytes) -> None:
        """Send bytes; raises PortError."""
        self._port.write(data)

    def listen(self, seconds: float) -> list[Event]:
        """What the machine says, waiting at most `seconds` for its first byte; raises PortError."""
        data = self._port.read(seconds)
        return self.session.receive(data) if data else []

    def run(self, talk: Talk) -> None:
        """Run a conversation to its end; raises what it raises, and PortError."""
        run(self._port, talk)

    def banner(self, within_s: float = BOOT_S) -> bool:
        """Wait for the firmware's start; True if an alarm came before it. Raises Silence."""
        alarmed, end = False, self.now() + within_s
        while self.session.awaiting_banner:
            if self.now() >= end:
                look = "check power, cable, baud rate, and which firmware it has"
                raise Silence(f"no machine has answered within {within_s:g} s; {look}")
            for event in self.listen(end - self.now()):
                alarmed = alarmed or isinstance(event, Alarm)
        return alarmed

    def ask(self, line: str, within_s: float = ANSWER_S) -> list[Event]:
        """Send one line with nothing else under way and wait for its answer; what came before it.

        A line that a machine has no room for while it goes a long way waits for that.

        Raises Silence, Refusal when the machine refuses the line, Locked when it alarms or restarts instead.
        """
        end = self.now() + LONG_WAY_S
        while not (self.session.awaiting_banner or self.session.room(line)) and self.now() < end:
            self.status()
            self.rest(0.05)
        self.put(self.session.send(line))
        said: list[Event] = []
        end = self.now() + within_s
        while self.now() < end:
            for event in self.listen(end - self.now()):
                if isinstance(event, Ok):
                    return said
                if isinstance(event, Error):
                    raise Refusal(f"the machine refuses '{line}': error:{event.code}, {event.words}")
                if isinstance(event, Alarm):
                    raise Locked(f"the machine locked itself at '{line}': ALARM:{event.code}, {event.words}")
                if isinstance(event, Banner):
                    raise Locked(f"the machine restarted at '{line}'")
                said.append(event)
        raise Silence(f"the machine has not answered '{line}' within {within_s:g} s; check power and cable")

    def status(self, within_s: float = ANSWER_S, *, undisturbed: bool = False) -> Status:
        """The machine's report of itself; raises Silence.

        With `undisturbed` raises Locked when the machine has started anew or locked itself since it was last heard.
        """
        self.put(self.session.query())
        end = self.now() + within_s
        while self.now() < end:
            events = self.listen(end - self.now())
            if undisturbed and any(isinstance(event, Banner | Alarm) for event in events):
                raise Locked("the machine has restarted or locked itself while nobody listened")
            for event in events:
                if isinstance(event, Status):
                    return event
        raise Silence(f"the machine has not reported its state within {within_s:g} s; check power and cable")

    def standing(self) -> Status:
        """How a machine at rest stands, by two reports that agree: one may itself be damaged, or not come at all.

        The last of a few that do not agree; raises Silence, and Locked as `status` does when it is undisturbed.
        """
        last: Status | None = None
        for _ in range(_REPORTS):
            try:
                before, last = last, self.status(_LOST_S, undisturbed=True)
            except Silence:
                continue
            if before and (before.state, before.position, before.pen) == (last.state, last.position, last.pen):
                break
        return last or self.status(undisturbed=True)

    def wait_for(
        self, states: frozenset[str], within_s: float, every_s: float = 0.05, *, undisturbed: bool = False
    ) -> Status:
        """Reports, one each `every_s`, until the machine stands still in one of `states`; raises Silence.

        With `undisturbed` raises Locked when it starts anew or locks itself meanwhile.
        """
        end = self.now() + within_s
        while True:
            report = self.status(undisturbed=undisturbed)
            if report.state in states and (report.sub == 0 or report.state not in ("Hold", "Door")):
                return report
            if self.now() >= end:
                raise Silence(f"the machine is in state {report.state} and does not come to rest")
            if self.rest(every_s) and undisturbed:
                raise Locked("the machine has restarted or locked itself on its way")

    def rest(self, seconds: float) -> bool:
        """Let time pass; whether the machine has locked itself or restarted: what else it says is of no interest."""
        end, disturbed = self.now() + seconds, False
        while self.now() < end:
            disturbed = any(isinstance(event, Banner | Alarm) for event in self.listen(end - self.now())) or disturbed
        return disturbed


def messages(events: list[Event]) -> list[str]:
    """The bracketed lines among events."""
    return [event.text for event in events if isinstance(event, Message)]
