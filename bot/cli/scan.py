"""`callwarden scan`: what do the rules say of these files?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import BadInput
from bot.model import Level, Unreadable, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.detection.baseline import Baseline
    from bot.detection.engine import Engine
    from bot.detection.record import Entry
    from bot.model import Finding
    from bot.model.evidence import Evidence
    from bot.store import SqliteStore

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_PLACE = re.compile(r"#[\d.]+\Z")
_TOGETHER = 2_000
"""Pieces of evidence that are stored at once."""
_NAMED = 50
"""Faults named on standard error; `--format json` has them all."""


@dataclass(frozen=True)
class Window:
    """The span of event times asked for: from *since*, to before *until*. None is open."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Everything is asked for."""
        return self.since is None and self.until is None

    def admits(self, when: datetime) -> bool:
        """Whether *when* lies in the span."""
        return (self.since is None or when >= self.since) and (
            self.until is None or when < self.until
        )


@dataclass
class Tally:
    """What was seen so far. Grows with files and findings, not with records.

    *faults* are (file, reason) → (where it first was, how often).
    """

    records: int = 0
    files: int = 0
    findings: int = 0
    repeated: int = 0
    without_time: int = 0
    unreadable: int = 0
    faults: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def note(self, fault: Unreadable) -> None:
        """Count something unreadable under its file and reason, with the first place."""
        key = (_PLACE.sub("", fault.where), fault.reason)
        self.unreadable += 1
        first, count = self.faults.get(key, (fault.where, 0))
        self.faults[key] = (first, count + 1)

    def summary(self, shadow: Mapping[str, int]) -> dict[str, object]:
        """The numbers, for people and for programs."""
        return {
            "files": self.files,
            "records": self.records,
            "findings": self.findings,
            "repeated": self.repeated,
            "without_usable_time": self.without_time,
            "shadow": dict(shadow),
            "unreadable": self.unreadable,
            "unreadable_in": [
                {"where": first, "reason": reason, "count": count}
                for (_, reason), (first, count) in self.faults.items()
            ],
        }


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="How findings are shown on standard output.",
)
@click.option("--since", metavar="TIME", help="Only records from this ISO date or time on (UTC).")
@click.option("--until", metavar="TIME", help="Only records before this time, or up to this date.")
@click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder of your own Sigma rules beside ours; may be repeated.",
)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.INFORMATIONAL.value,
    help="Show findings of this level and above.",
)
@click.option(
    "--baseline",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also say what is unusual for somebody, and keep what is learned in this file.",
)
@click.option(
    "--tolerate-unreadable",
    is_flag=True,
    help="What cannot be read is a warning, not exit code 2.",
)
@click.pass_context
def scan(
    ctx: click.Context,
    paths: tuple[Path, ...],
    form: str,
    since: str | None,
    until: str | None,
    folders: tuple[Path, ...],
    level: str,
    file: Path | None,
    tolerate_unreadable: bool,
) -> None:
    """Look for findings in files and folders of CloudTrail records.

    Files may be plain or gzipped, and in any of CloudTrail's shapes. Nothing is sent anywhere.

    \b
    Exit code 0: nothing found; 1: findings; 2: a fault, or something could not be read.
    """
    from bot.cli.reports import report_for
    from bot.detection import sigma
    from bot.detection.engine import Engine
    from bot.detection.rule import BROKEN_RULE

    window = window_of(since, until)
    engine = Engine(sigma.load(folders))
    tally = Tally()
    report = report_for(form)
    with learning(file) as usual:
        for finding in findings(paths, engine, window, tally, usual):
            # A rule that broke might have had something worse to say.
            if finding.rule == BROKEN_RULE or finding.level.rank >= Level(level).rank:
                tally.findings += 1
                report.show(finding)
    report.finish(tally.summary(engine.shadow_counts))
    _tell(tally, engine)
    if tally.unreadable and not tolerate_unreadable:
        ctx.exit(2)
    ctx.exit(1 if tally.findings else 0)


class Usual:
    """A baseline whose evidence goes into a file of its own, some thousand records at a time."""

    def __init__(self, baseline: Baseline, store: SqliteStore) -> None:
        self._baseline = baseline
        self._store = store
        self._waiting: list[tuple[str, Evidence]] = []

    def judge(self, entry: Entry) -> tuple[Finding, ...]:
        """What is unusual about *entry*."""
        if not self._baseline.unseen(entry.core):
            return ()
        found, evidence = self._baseline.look(entry)
        if evidence is not None:
            self._waiting.append((entry.core.id, evidence))
        if len(self._waiting) >= _TOGETHER:
            self.flush()
        return found

    def flush(self) -> None:
        """Store what was learned."""
        self._store.keep_evidence(self._waiting)
        self._waiting = []


@contextmanager
def learning(file: Path | None) -> Iterator[Usual | None]:
    """The baseline kept in *file*, None where none is asked for."""
    if file is None:
        yield None
        return
    from bot.detection.baseline import Baseline, Tuning
    from bot.store import SqliteStore

    store = SqliteStore(file)
    try:
        baseline = Baseline(Tuning(), store)
        usual = Usual(baseline, store)
        yield usual
        usual.flush()
        click.echo(baseline.status, err=True)
    finally:
        store.close()


def findings(
    paths: tuple[Path, ...],
    engine: Engine,
    window: Window,
    tally: Tally,
    usual: Usual | None = None,
) -> Iterator[Finding]:
    """Each finding once, however often its record lies about, while *tally* counts."""
    from bot.aws import files
    from bot.detection.record import Limits, read

    # Somebody who points at a mixed log wants all that is in it, however long that takes.
    limits = Limits(unreadable=sys.maxsize)
    with _progress(paths) as advance:
        for blob in files.blobs(files.walk(paths), limits.object_bytes):
            advance()
            if isinstance(blob, Unreadable):
                tally.note(blob)
                continue
            tally.files += 1
            for entry in read(blob, limits):
                if isinstance(entry, Unreadable):
                    tally.note(entry)
                elif _wanted(entry, window, tally):
                    found = engine.judge(entry)
                    if usual is not None:
                        found += usual.judge(entry)
                    yield from _fresh(found, tally)


def _wanted(entry: Entry, window: Window, tally: Tally) -> bool:
    tally.records += 1
    if window.is_open:
        return True
    when = moment(entry.core.time)
    if when is None:
        # Dropping it could hide just the record that somebody tampered with.
        tally.without_time += 1
        return True
    return window.admits(when)


def _fresh(found: tuple[Finding, ...], tally: Tally) -> Iterator[Finding]:
    for finding in found:
        if finding.id in tally.seen:
            tally.repeated += 1
            continue
        tally.seen.add(finding.id)
        yield finding


def window_of(since: str | None, until: str | None) -> Window:
    """The span between two ISO dates or times; a date as *until* counts whole. Raises BadInput."""
    first = _time(since, "--since") if since else None
    last = _time(until, "--until") if until else None
    if until and last and _DATE.match(until.strip()):
        # The calendar ends; after its last day there is nothing left to leave out.
        last = last + timedelta(days=1) if last.date() < date.max else None
    if first and last and first >= last:
        raise BadInput("--since must be before --until.", where="--since")
    return Window(first, last)


def _time(given: str, option: str) -> datetime:
    when = moment(given)
    if when is None:
        raise BadInput(
            f"{option} {given!r} is no date or time. Write it like 2026-11-22 or "
            "2026-11-22T10:00:00+01:00; without a zone it is UTC.",
            where=option,
        )
    return when.astimezone(UTC)


@contextmanager
def _progress(paths: tuple[Path, ...]) -> Iterator[Callable[[], None]]:
    """A bar on standard error where somebody watches; yields what moves it on by one file."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    from bot.aws.files import walk

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scanning", total=sum(1 for _ in walk(paths)))
        yield lambda: bar.advance(task)


def _tell(tally: Tally, engine: Engine) -> None:
    """Say on standard error what was read and, by name, what could not be."""
    from bot.cli.reports import plain

    summary = tally.summary(engine.shadow_counts)
    always = ("files", "records", "findings")
    told = (
        f"{name.replace('_', ' ')}: {count:,}"
        for name, count in summary.items()
        if isinstance(count, int) and (count or name in always)
    )
    click.echo(f"Read {', '.join(told)}.", err=True)
    for name, count in engine.shadow_counts.items():
        click.echo(f"Shadow rule {name} would have spoken {count:,} times.", err=True)
    for place, ((_, reason), (first, count)) in enumerate(tally.faults.items()):
        if place == _NAMED:
            rest = len(tally.faults) - _NAMED
            click.echo(f"… and {rest:,} more; --format json names them all.", err=True)
            break
        also = f" (and {count - 1:,} more like it there)" if count > 1 else ""
        click.echo(f"Could not read {plain(first)}: {plain(reason)}{also}.", err=True)
