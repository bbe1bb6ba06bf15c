"""A sender in twenty lines: `python examples/send.py PORT FILE` sends G-code line by line, waiting for each ok."""

import sys
from pathlib import Path

import serial  # pip install pyserial


def answer(wire: serial.SerialBase) -> str:
    """The machine's answer to one line; messages and reports are passed over."""
    while True:
        said = wire.readline().decode("ascii", "replace").strip()
        if said == "ok" or said.startswith(("error:", "ALARM:")):
            return said


with serial.serial_for_url(sys.argv[1], baudrate=115200, timeout=60) as wire, Path(sys.argv[2]).open() as program:
    while not wire.readline().startswith(b"Grbl"):  # opening the port resets the machine
        pass
    for number, line in enumerate(program, start=1):
        wire.write(line.strip().encode("ascii") + b"\n")
        if (said := answer(wire)) != "ok":
            sys.exit(f"line {number} '{line.strip()}': {said}")
print("sent")
