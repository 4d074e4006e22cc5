"""`callwarden scan`: what do the rules say of these files?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import settings_option
from bot.cli.chosen import choose, rules_option, say_refused
from bot.cli.sweep import Sweep, Tally, Window
from bot.errors import BadInput
from bot.model import Level, iso, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.detection.baseline import Baseline
    from bot.detection.chainwindow import ChainWindow
    from bot.detection.record import Core
    from bot.detection.whole import Whole
    from bot.model import Finding
    from bot.model.evidence import Evidence
    from bot.store import SqliteStore

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TOGETHER = 2_000
"""Pieces of evidence that are stored at once."""
_NAMED = 50
"""Faults named on standard error; `--format json` has them all."""


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
@rules_option
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
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that share the files between them.",
)
@settings_option
@click.pass_context
def scan(
    ctx: click.Context,
    config: Path | None,
    paths: tuple[Path, ...],
    form: str,
    since: str | None,
    until: str | None,
    folders: tuple[Path, ...],
    level: str,
    file: Path | None,
    tolerate_unreadable: bool,
    jobs: int,
) -> None:
    """Look for findings in files and folders of CloudTrail records.

    Files may be plain or gzipped, and in any of CloudTrail's shapes. Nothing is sent anywhere.
    Rules are as in the settings file, where there is one.

    \b
    Exit code 0: nothing found; 1: findings; 2: a fault, or a record or a
    file of rules could not be read.
    """
    from bot.cli.reports import report_for
    from bot.detection.chainwindow import ChainWindow
    from bot.detection.correlate import Chains
    from bot.detection.rule import BROKEN_RULE

    window = window_of(since, until)
    rules = choose(config, folders)
    sweep = Sweep(rules.engine, window)
    chains = ChainWindow(Chains(sweep.engine.ruleset, rules.instances))
    refused = sweep.engine.ruleset.refused
    say_refused(refused)
    tally = Tally()
    report = report_for(form)
    if file is not None and jobs > 1:
        raise BadInput("--baseline reads records in their order; leave --jobs out.", where="--jobs")
    with learning(file) as usual:
        if usual is not None:
            sweep.engine.watch(usual)
        for finding in findings(paths, sweep, chains, tally, jobs):
            # A rule that broke might have had something worse to say.
            if finding.rule == BROKEN_RULE or finding.level.rank >= Level(level).rank:
                tally.findings += 1
                report.show(finding)
    tally.shadow.update(chains.shadow_counts)
    report.finish(tally.summary())
    _tell(tally)
    if refused or (tally.unreadable and not tolerate_unreadable):
        ctx.exit(2)
    ctx.exit(1 if tally.findings else 0)


class Usual:
    """A baseline whose evidence goes into a file of its own, some thousand records at a time."""

    def __init__(self, baseline: Baseline, store: SqliteStore) -> None:
        self._baseline = baseline
        self._store = store
        self._waiting: list[tuple[str, Evidence]] = []

    def unseen(self, core: Core) -> int:
        """How often this came in its hour where there is something to learn, else 0."""
        return self._baseline.unseen(core)

    def fresh(self, cores: Sequence[Core]) -> Sequence[tuple[int, int]]:
        """(place, how often it came) of those of which there is something to learn."""
        return self._baseline.fresh(cores)

    def learn(self, whole: Whole, seen: int) -> tuple[Finding, ...]:
        """What is unusual about a record."""
        found, evidence = self._baseline.look(whole, seen)
        if evidence is not None:
            self._waiting.append((whole.core.id, evidence))
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
    paths: tuple[Path, ...], sweep: Sweep, chains: ChainWindow, tally: Tally, jobs: int = 1
) -> Iterator[Finding]:
    """Each finding once, however often its record lies about, while *tally* counts."""
    now = iso(datetime.now(UTC))
    from bot.aws import files

    with _progress(paths) as advance:
        for look in sweep.over(files.walk(paths), tally, jobs=jobs, advance=advance):
            yield from _fresh(look.findings, tally)
            if look.hits:
                yield from _chained(chains.judge(look.hits, now), tally)


def _fresh(found: tuple[Finding, ...], tally: Tally) -> Iterator[Finding]:
    for finding in found:
        if finding.id in tally.seen:
            tally.repeated += 1
            continue
        tally.seen.add(finding.id)
        yield finding


def _chained(found: tuple[Finding, ...], tally: Tally) -> Iterator[Finding]:
    """What correlations say, each once: that more records bear it out is no repeat."""
    for finding in found:
        if finding.id not in tally.seen:
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


def _tell(tally: Tally) -> None:
    """Say on standard error what was read and, by name, what could not be."""
    summary = tally.summary()
    always = ("files", "records", "findings")
    told = (
        f"{name.replace('_', ' ')}: {count:,}"
        for name, count in summary.items()
        if isinstance(count, int) and (count or name in always)
    )
    click.echo(f"Read {', '.join(told)}.", err=True)
    for name, count in tally.shadow.items():
        click.echo(f"Shadow rule {name} would have spoken {count:,} times.", err=True)
    say_unreadable(tally)


def say_unreadable(tally: Tally) -> None:
    """Say on standard error, by name, what could not be read."""
    from bot.cli.reports import plain

    for place, ((_, reason), (first, count)) in enumerate(tally.faults.items()):
        if place == _NAMED:
            rest = len(tally.faults) - _NAMED
            click.echo(f"… and {rest:,} more; --format json names them all.", err=True)
            break
        also = f" (and {count - 1:,} more like it there)" if count > 1 else ""
        click.echo(f"Could not read {plain(first)}: {plain(reason)}{also}.", err=True)
