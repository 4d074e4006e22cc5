"""The timetable: one table of (name, when, function)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot import escalation, exemptions, inhibition, snoozes, storms
from bot.channels import Doors
from bot.escalation import Plan
from bot.health import FeedWatch
from bot.model import iso
from bot.ports import Bot, Folding


@dataclass(frozen=True)
class Job:
    """*when* is a cron expression in the settings' time zone, with seconds first where it has six
    fields; *at_start* also runs it at once. One that *asks_slack* may have to wait for Slack's
    limits, so no other job waits behind it."""

    name: str
    when: str
    run: Callable[[Bot], None]
    at_start: bool = False
    asks_slack: bool = False


@dataclass(frozen=True)
class Keep:
    """Retention in days, and the baselines' half-life: what has faded is not kept either."""

    records: int
    evidence: int
    half_life: float = 30.0


def timetable(
    keep: Keep, plan: Plan, folding: Folding, doors: Doors, watch: FeedWatch
) -> tuple[Job, ...]:
    """Every repeated job. *plan* says who is called about alerts that nobody takes, *folding*
    when new cards are held back, and which alerts stand for others.
    """
    return (
        Job("escalate", "* * * * *", lambda bot: escalation.walk(bot, plan), at_start=True),
        Job("people", "*/5 * * * *", refresh_people, at_start=True, asks_slack=True),
        Job("snoozes", "*/10 * * * * *", lambda bot: snoozes.settle(bot, folding.storms), True),
        Job("feeds", "* * * * *", watch.look, at_start=True),
        Job("channels", "41 * * * *", lambda _: doors.look(), at_start=True, asks_slack=True),
        Job("exceptions", "* * * * *", exemptions.end_those_due, at_start=True),
        Job(
            "storms", "*/10 * * * * *", lambda bot: storms.end_those_over(bot, folding.storms), True
        ),
        Job("inhibition", "*/10 * * * * *", lambda bot: inhibition.settle(bot, folding.inhibition)),
        Job("pictures", "* * * * *", lambda bot: bot.pictures.tidy(), asks_slack=True),
        Job("prune", "17 3 * * *", lambda bot: prune(bot, keep)),
    )


def refresh_people(bot: Bot) -> None:
    """Ask Slack about everybody who may act, so that no click has to."""
    bot.directory.refresh()


def prune(bot: Bot, keep: Keep) -> None:
    """Drop what has passed its retention. The ledger is never pruned."""
    now = bot.clock.now()
    evidence_before = iso(now - timedelta(days=keep.evidence))
    bot.store.prune(
        records_before=iso(now - timedelta(days=keep.records)), evidence_before=evidence_before
    )
    bot.store.fade(at=iso(now), half_life_days=keep.half_life, traces_before=evidence_before)
