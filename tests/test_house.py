"""The house stands as docs/architecture.md says: imports go down only, rooms stay small, nothing leaks in."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("plotter", "fonts", "jobs", "server")
# What each floor may import of the house. fonts takes only values and geometry of plotter.
MAY = {
    "plotter": {"plotter"},
    "fonts": {"fonts", "plotter.strokes"},
    "jobs": {"jobs", "fonts", "plotter"},
    "server": {"server", "jobs", "fonts", "plotter"},
}


def sources(floor: str) -> list[Path]:
    return [ROOT / "server.py"] if floor == "server" else sorted((ROOT / floor).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, anywhere in it, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: say the whole module, no relative imports"
            yield node.lineno, node.module or ""


def strays(floor: str, modules: Iterator[tuple[int, str]]) -> list[str]:
    """Imports of the house that a floor may not make."""
    ours = [(line, name) for line, name in modules if name.split(".")[0] in FLOORS]
    return [
        f"line {line}: {name}"
        for line, name in ours
        if not any(name == may or name.startswith(may + ".") for may in MAY[floor])
    ]


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_go_down_only(floor: str) -> None:
    wrong = {str(path.relative_to(ROOT)): strays(floor, imports(path)) for path in sources(floor)}
    assert {path: lines for path, lines in wrong.items() if lines} == {}


def test_the_walk_sees_a_stray() -> None:
    assert strays("plotter", iter([(3, "fonts.face"), (4, "numpy")])) == ["line 3: fonts.face"]
    assert strays("fonts", iter([(1, "plotter.machine"), (2, "plotter.strokes")])) == ["line 1: plotter.machine"]


def test_no_global_chance_or_pickles() -> None:
    banned = {"random", "pickle", "shelve", "marshal", "dill", "joblib"}
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for floor in FLOORS
        for path in sources(floor)
        for line, name in imports(path)
        if name.split(".")[0] in banned
    ]
    assert found == []


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name]


def test_pins_name_no_registry() -> None:
    for name in (
        "requirements.txt",
        "requirements-import.txt",
        "requirements-test.txt",
        "requirements-ocr.txt",
        "requirements-uv.txt",
    ):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index|--find-links", text), name


def test_every_runtime_dependency_has_its_reason_in_the_docs() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for extra in project["optional-dependencies"].values() for name in extra]
    reasons = (ROOT / "docs/dependencies.md").read_text()
    names = [re.split(r"[\[<>=!~ ]", name)[0] for name in project["dependencies"] + extras]
    assert [name for name in names if f"`{name}`" not in reasons] == []


def test_top_level_is_as_the_architecture_says() -> None:
    folders = {name.split("/")[0] for name in tracked() if "/" in name}
    assert folders <= {".ci", "bench", "console", "docs", "examples", "fonts", "jobs", "plotter", "tests"}


def test_a_todo_names_its_issue() -> None:
    # The word is put together here so that this file does not find itself.
    word = "TO" + "DO"
    found = []
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".py", ".js", ".css", ".html", ".toml", ".md"} and path.exists():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if re.search(rf"\b{word}\b(?!\(issue \d+\))", line) and name != "tests/test_house.py":
                    found.append(f"{name}:{number}")
    assert found == []


def test_every_room_stands_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = [path for floor in FLOORS[:3] for path in sorted((ROOT / floor).glob("*.py")) if path.stem != "__init__"]
    missing = [f"{path.parent.name}/{path.name}" for path in rooms if f"{path.stem}.py" not in text]
    assert [name for name in missing if not name.startswith("jobs/api_")] == []
