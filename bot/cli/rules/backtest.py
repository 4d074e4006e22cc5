"""`callwarden rules backtest`: what would have been posted about records that lie on disk."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.scan import findings, say_unreadable
from bot.cli.sweep import Sweep, Tally, Window
from bot.model import Alert, AlertState, Level, iso

if TYPE_CHECKING:
    from bot.detection.rule import RuleSet
    from bot.store import SqliteStore

_BATCH = 200
_PAGE = 200


def folded(
    paths: tuple[Path, ...],
    rules: RuleSet,
    instances: Mapping[str, str],
    minutes: int,
    tally: Tally,
) -> Sequence[Alert]:
    """The alerts that *rules* would have opened, by the store and the folding of the bot itself.

    They live in a store of their own, which is gone afterwards. *instances* are Connect instance
    id → the name people use, *minutes* is `fold_minutes`.
    """
    from bot.detection.chainwindow import ChainWindow
    from bot.detection.correlate import Chains
    from bot.detection.engine import Engine
    from bot.inhibition import Inhibition
    from bot.ports import Judged
    from bot.store import SqliteStore
    from bot.triage import Triage
    from bot.wiring import SystemClock

    triage = Triage(
        window=timedelta(minutes=minutes),
        channel_of=lambda _: "C0BACKTEST",
        inhibition=Inhibition(rules.relations()),
    )
    chains = Chains(rules, instances)
    sweep = Sweep(lambda: Engine(rules, instances), Window())
    found = findings(paths, sweep, ChainWindow(chains), tally)
    judged = (
        Judged(record=same[0].record, findings=tuple(same))
        for same in (list(each) for _, each in itertools.groupby(found, lambda one: one.record.id))
    )
    now = iso(SystemClock().now())
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "backtest.db")
        try:
            while batch := list(itertools.islice(judged, _BATCH)):
                tally.findings += store.keep(batch, triage, now).findings
            return list(_all(store))
        finally:
            store.close()


def _all(store: SqliteStore) -> Iterator[Alert]:
    offset = 0
    while page := store.alerts(list(AlertState), limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def show(alerts: Sequence[Alert], tally: Tally, form: str) -> None:
    """The alerts, worst first, for people or for programs; on standard error what could not be
    read, as it might have made more of them."""
    from bot.cli.reports import plain

    say_unreadable(tally)
    if form == "json":
        click.echo(
            json.dumps(
                {
                    "records": tally.records,
                    "findings": tally.findings,
                    "unreadable": tally.unreadable,
                    "alerts": [_told(alert) for alert in alerts],
                },
                indent=2,
            )
        )
        return
    for alert in alerts:
        times = f" ({alert.count} findings)" if alert.count > 1 else ""
        line = f"{alert.first_time} {alert.level.value:13} {alert.rule}: {alert.headline}{times}"
        click.echo(plain(line))
    click.echo(
        f"{tally.records:,} records, {tally.findings:,} findings, {len(alerts):,} alerts; "
        f"{tally.unreadable:,} could not be read."
    )


def _told(alert: Alert) -> dict[str, object]:
    return {
        "rule": alert.rule,
        "level": alert.level.value,
        "headline": alert.headline,
        "findings": alert.count,
        "first_time": alert.first_time,
        "last_time": alert.last_time,
        "account": alert.account,
        "actor": alert.actor.name,
    }


def write(alerts: Sequence[Alert], instances: Mapping[str, str], file: Path) -> None:
    """The cards as they would have stood in the channel, as a page of HTML."""
    from bot.slack import cards
    from bot.slack.printed import printed

    messages = (cards.alert_card(alert, instances=instances) for alert in alerts)
    file.write_text(printed(f"{len(alerts)} alerts", messages), encoding="utf-8")
    click.echo(f"Wrote {file}.", err=True)


def worse(alerts: Sequence[Alert], level: str) -> list[Alert]:
    """Those of *level* and above, worst first, then by when they began."""
    least = Level(level).rank
    kept = [alert for alert in alerts if alert.level.rank >= least]
    return sorted(kept, key=lambda alert: (-alert.level.rank, alert.first_time))
