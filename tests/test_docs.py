"""The docs are true: every command in them runs, every option and route has its words."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from jobs.job import diagram
from server import main

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/cli.md")
# These run until they are stopped, or need a server: tests of their own see to them.
ELSEWHERE = ("./run demo", "./run serve", "curl ")


def commands(page: str) -> list[str]:
    """The commands of a page's shell blocks, continuation lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith(ELSEWHERE)]


def test_the_demo_writes_every_card_once_and_true_to_its_preview() -> None:
    done = subprocess.run([sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.count("written once, true to its preview") == 18


# Each once, however often it is shown.
SHOWN = dict.fromkeys(command for page in PAGES for command in commands(page))


@pytest.mark.parametrize("command", [pytest.param(command, id=command[:60]) for command in SHOWN])
def test_commands_in_the_docs_run(command: str, tmp_path: Path) -> None:
    stdin = None
    if "|" in command:
        said, command = (part.strip() for part in command.split("|"))
        stdin = shlex.split(said)[1]
    program, words = command.split(" ", 1)
    assert program == "./run", command
    arguments = shlex.split(words, comments=True)
    python = {"fairhand": [str(ROOT / "server.py")], "faults": ["-m", "bench.faults"], "bench": ["-m", "bench"]}
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        [sys.executable, *python[arguments[0]], *arguments[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if "-o" in arguments:
        assert (tmp_path / arguments[arguments.index("-o") + 1]).stat().st_size > 100


def test_every_command_and_option_has_its_words() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    missing = []
    for name, command in main.commands.items():
        if not re.search(rf"^## .*\b{name}\b", text, flags=re.MULTILINE):
            missing.append(name)
        for option in command.params:
            if isinstance(option, click.Option) and f"`{option.opts[0]}" not in text:
                missing.append(f"{name} {option.opts[0]}")
    assert missing == []


def test_links_between_pages_lead_somewhere() -> None:
    dead = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")
    assert dead == []


def test_the_life_of_a_job_is_drawn_from_its_table() -> None:
    assert diagram() in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
