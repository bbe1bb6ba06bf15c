"""A CSV of orders: from bytes to rows, and from refused rows to a file that can be mended and sent again. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.api_errors import Problem
from jobs.compose import Fault

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 2000
MAX_COLUMNS = 100
MAX_CELL = 5000
REASONS = "refused_because"
"""The column that failures.csv adds. An upload that has it was such a file: its escaped cells are restored."""

OURS = ("external_id", "template", "message", "street", "postal_code", "city", "country", REASONS)
"""The columns we know, however their names are capitalised; every other column is a merge field."""

# What spreadsheets take for a formula at the start of a cell (OWASP, "CSV Injection"), behind quotes of ours.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
# C0 and C1 controls but tab and line ends; PostgreSQL keeps no NUL, and no hand writes the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Row:
    """One order as it came: `number` as a spreadsheet counts, the header being row 1; `cells` by column, stripped.

    `faults` are those of its shape alone (cells too many, too long, with control characters).
    """

    number: int
    cells: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The columns of an upload, in their order, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read(data: bytes) -> Sheet:
    """The orders in a CSV file: UTF-8 with or without BOM; comma, semicolon or tab as the header has it.

    Blank rows count but are left out. Raises Problem csv_refused when the file as a whole cannot be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refused("not_utf8", f"line {line} is not UTF-8; save the file as “CSV UTF-8”") from None
    records = _records(text)
    header = next(records, [])
    columns = tuple(_ours(name.strip()) for name in header)
    if not any(columns):
        raise refused("no_header", "the file is empty: the first row must name the columns")
    _check_header(columns)
    mended = REASONS in columns
    if mended:
        columns = tuple(_ours(_restored(name)) for name in columns)
    rows: list[Row] = []
    for number, record in enumerate(records, start=2):
        if len(rows) >= MAX_ROWS:
            raise refused("too_many_rows", f"a batch takes at most {MAX_ROWS} rows; split the file")
        if any(cell.strip() for cell in record):
            rows.append(_row(number, record, columns, mended))
    if not rows:
        raise refused("no_rows", "there is no row below the header")
    return Sheet(tuple(name for name in columns if name != REASONS), tuple(rows))


def _records(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)  # the first of equals: a comma
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refused("bad_csv", f"line {reader.line_num}: {error}") from None


def _ours(name: str) -> str:
    return name.casefold() if name.casefold() in OURS else name


def _check_header(columns: Sequence[str]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise refused("bad_header", f"{len(columns)} columns; at most {MAX_COLUMNS} are taken")
    folded = [name.casefold() for name in columns]
    for place, name in enumerate(columns, start=1):
        if not name or len(name) > 64 or _CONTROL.search(name):
            raise refused("bad_header", f"column {place} has no name of 1 to 64 plain characters")
        if folded.index(name.casefold()) != place - 1:
            raise refused("bad_header", f"two columns are called “{name}”")


def _row(number: int, record: Sequence[str], columns: Sequence[str], mended: bool) -> Row:
    faults = []
    if len(record) != len(columns):
        words = f"the row has {len(record)} cells where the header has {len(columns)}; is a quote or comma astray?"
        faults.append(Fault("", "cell_count", words))
    cells = {name: cell.strip() for name, cell in zip(columns, record, strict=False) if name != REASONS}
    if mended:
        cells = {name: _restored(cell) for name, cell in cells.items()}
    for name, cell in cells.items():
        if len(cell) > MAX_CELL:
            faults.append(Fault(name, "cell_too_long", f"{len(cell)} characters; at most {MAX_CELL} are taken"))
        if found := _CONTROL.search(cell):
            words = f"the control character U+{ord(found.group()):04X} at character {found.start() + 1}"
            faults.append(Fault(name, "bad_character", words))
    return Row(number, cells, tuple(faults))


def write_failures(columns: Sequence[str], rows: Iterable[tuple[Mapping[str, str], Sequence[Fault]]]) -> str:
    """A CSV of refused rows with the reasons in a last column; mended, it can be sent again as it is.

    Cells that a spreadsheet would take for a formula get a leading apostrophe, which `read` takes off again.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*map(_harmless, columns), REASONS])
    for cells, faults in rows:
        reasons = " | ".join(f"{one.field}: {one.message}" if one.field else one.message for one in faults)
        writer.writerow([*(_harmless(cells.get(name, "")) for name in columns), _harmless(reasons)])
    return out.getvalue()


def _harmless(cell: str) -> str:
    cell = cell.replace("\x00", "\ufffd")
    return "'" + cell if _FORMULA.match(cell) else cell


def _restored(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def refused(code: str, words: str) -> Problem:
    """The answer to a file that is not taken as a whole."""
    return Problem("csv_refused", words, [Fault("orders", code, words)])
