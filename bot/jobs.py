"""The timetable: one table of (name, when, function)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot import snoozes, storms
from bot.model import iso
from bot.ports import Bot, Storming


@dataclass(frozen=True)
class Job:
    """*when* is a cron expression in the settings' time zone, with seconds first where it has six
    fields; *at_start* also runs it at once."""

    name: str
    when: str
    run: Callable[[Bot], None]
    at_start: bool = False


@dataclass(frozen=True)
class Keep:
    """Retention in days."""

    records: int
    evidence: int


def timetable(keep: Keep, storming: Storming) -> tuple[Job, ...]:
    """Every repeated job."""
    return (
        Job("people", "*/5 * * * *", refresh_people, at_start=True),
        Job("snoozes", "* * * * *", snoozes.end_those_due, at_start=True),
        Job("storms", "*/10 * * * * *", lambda bot: storms.end_those_over(bot, storming), True),
        Job("prune", "17 3 * * *", lambda bot: prune(bot, keep)),
    )


def refresh_people(bot: Bot) -> None:
    """Ask Slack about everybody who may act, so that no click has to."""
    bot.directory.refresh()


def prune(bot: Bot, keep: Keep) -> None:
    """Drop what has passed its retention. The ledger is never pruned."""
    now = bot.clock.now()
    bot.store.prune(
        records_before=iso(now - timedelta(days=keep.records)),
        evidence_before=iso(now - timedelta(days=keep.evidence)),
    )
