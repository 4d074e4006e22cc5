"""Findings on standard output: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from bot.model import Finding, Level

FIELDS = (
    "rule",
    "level",
    "event_id",
    "event_time",
    "event_name",
    "event_source",
    "actor",
    "principal",
    "account",
    "region",
    "source_ip",
    "instance",
    "error_code",
    "headline",
    "why",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NEXT_CELL = re.compile(r"(;\s*)(?=[=+\-@＝＋－＠])")
"""Where half of the world's spreadsheets split a row, quotes or not, and a formula would begin."""
_ROWS = 1_000
"""Rows a table holds; more are better read by a program."""
_STYLES = {Level.CRITICAL: "bold red", Level.HIGH: "red", Level.MEDIUM: "yellow"}


class Report(Protocol):
    """Shows findings as they come, and at the end what there was to see."""

    def show(self, finding: Finding) -> None:
        """One finding."""
        ...

    def finish(self, summary: Mapping[str, object]) -> None:
        """There will be no more."""
        ...


def report_for(form: str) -> Report:
    """The report called *form*: table, json, jsonl or csv."""
    out = sys.stdout
    if form == "csv":
        return _Csv(out)
    if form == "json":
        return _Json(out)
    if form == "jsonl":
        return _Lines(out)
    return _Table()


def row(finding: Finding) -> dict[str, str]:
    """What is told of a finding, by field."""
    record = finding.record
    told = (
        finding.rule,
        finding.level.value,
        record.id,
        record.time,
        record.name,
        record.source,
        record.actor.name,
        record.actor.principal,
        record.account,
        record.region,
        record.source_ip,
        record.instance,
        record.error_code,
        finding.headline,
        finding.why,
    )
    return dict(zip(FIELDS, told, strict=True))


def plain(text: str) -> str:
    """*text* with everything that could move a cursor or turn letters round written out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def cell(text: str) -> str:
    """*text* as a spreadsheet may open it: on one line, and never as a formula."""
    guarded = text.lstrip(" ").startswith(_FORMULA)
    shown = _NEXT_CELL.sub(r"\1'", plain(text))
    return f"'{shown}" if guarded else shown


def _escape(one: str) -> str:
    return one.encode("unicode_escape", "backslashreplace").decode("ascii")


def _line(value: object) -> str:
    # ASCII only: escapes are escaped, whatever terminal this ends up in.
    return json.dumps(value, ensure_ascii=True)


class _Lines:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, finding: Finding) -> None:
        self._out.write(_line(row(finding)) + "\n")

    def finish(self, summary: Mapping[str, object]) -> None:
        self._out.flush()


class _Json:
    """One document, written as it goes: `{"findings": […], "summary": {…}}`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._between = '{"findings": [\n'

    def show(self, finding: Finding) -> None:
        self._out.write(self._between + _line(row(finding)))
        self._between = ",\n"

    def finish(self, summary: Mapping[str, object]) -> None:
        start = self._between if self._between != ",\n" else "\n"
        self._out.write(f'{start}], "summary": {_line(summary)}}}\n')
        self._out.flush()


class _Csv:
    def __init__(self, out: TextIO) -> None:
        self._rows = csv.writer(out, lineterminator="\n")
        self._rows.writerow(FIELDS)
        self._out = out

    def show(self, finding: Finding) -> None:
        self._rows.writerow([cell(value) for value in row(finding).values()])

    def finish(self, summary: Mapping[str, object]) -> None:
        self._out.flush()


class _Table:
    def __init__(self) -> None:
        self._shown: list[tuple[Level, Sequence[str]]] = []
        self._left_out = 0

    def show(self, finding: Finding) -> None:
        from bot.detection.baseline import FIRST_SEEN, RATE

        if len(self._shown) >= _ROWS:
            self._left_out += 1
            return
        told = row(finding)
        names = ("event_time", "level", "rule", "headline", "source_ip", "account", "region")
        cells = {name: plain(told[name]) for name in names}
        if finding.rule in (FIRST_SEEN, RATE):
            # A rule's name says why; of a baseline each finding has a reason of its own.
            cells["headline"] += f"\n{plain(told['why'])}"
        self._shown.append((finding.level, [*cells.values()]))

    def finish(self, summary: Mapping[str, object]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        if not self._shown:
            return
        table = Table("Time", "Level", "Rule", "What", "From", "Account", "Region")
        for level, cells in self._shown:
            # Text, not str: rich would read [markup] in a record's field.
            style = _STYLES.get(level, "")
            table.add_row(
                *(Text(one, style if place == 1 else "") for place, one in enumerate(cells))
            )
        console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200)
        console.print(table)
        if self._left_out:
            console.print(f"… and {self._left_out:,} more; --format jsonl shows them all.")
