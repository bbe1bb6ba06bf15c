"""Recorded conversations with real firmware, and the simulator in the firmware's place."""

import re
from dataclasses import dataclass
from pathlib import Path

from plotter.simulator import Simulator

_BYTE = re.compile(r"\{([0-9a-f]{2})\}")


@dataclass(frozen=True)
class Said:
    """One line of a transcript: when, which way ('>', '<' or '!'), what."""

    t: float
    way: str
    text: str


def transcript(path: Path) -> list[Said]:
    """The events of a recorded conversation, in order."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            t, way, *text = line.split(" ", 2)
            events.append(Said(float(t), way, text[0] if text else ""))
    return events


def sent(text: str) -> bytes:
    """The bytes that a '>' line stands for."""
    if "{" in text:
        return _BYTE.sub(lambda m: chr(int(m[1], 16)), text).encode("latin-1")
    return text.replace("\\r", "\r").encode("latin-1") + b"\n"


def replay(events: list[Said], simulator: Simulator) -> list[Said]:
    """What the simulator answers, line by line, when it is sent the same at the same times."""
    heard: list[Said] = []
    rest = b""

    def listen(until: float) -> None:
        nonlocal rest
        while True:
            reached = simulator.run(until)
            rest += simulator.take_output()
            *lines, rest = rest.split(b"\r\n")
            heard.extend(Said(reached, "<", line.decode("ascii")) for line in lines)
            if reached >= until:
                return

    for event in events:
        if event.way == "<":
            continue
        listen(event.t)
        if event.way == ">":
            simulator.receive(sent(event.text), event.t)
        elif event.text == "open":
            simulator.open(event.t)
        else:
            simulator.close(event.t)
    return heard
