"""Who is called about an alert that nobody takes, and when: pure, but for `walk`.

A step counts its minutes from when the alert was opened, re-opened or shown after all, a critical
alert's day and night, every other's in business time. Its key and the ids of all that it sends are
derived from that moment, so a step that is repeated is the same step. Whoever takes or resolves the
alert ends this at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from bot import paging
from bot.hours import Hours, spoken
from bot.model import (
    NAMESPACE,
    Alert,
    AlertState,
    Entry,
    Lane,
    Level,
    Send,
    SendKind,
    SnoozeState,
    iso,
    moment,
    send_id,
)
from bot.ports import Bot, Due

PAGE = "page"
"""The receiver that is a page."""

AHEAD = timedelta(minutes=1)
"""What was opened further ahead of now than this was opened before the clock was set back."""

BATCH = 200
"""Alerts read at a time."""


class Step(Struct, frozen=True, kw_only=True):
    """After so many *minutes* the receivers *to* are called about alerts of *levels*.

    A receiver is `group:S…`, `user:U…`, `channel:C…` or `page`.
    """

    minutes: float
    to: tuple[str, ...]
    levels: tuple[Level, ...] = (Level.CRITICAL,)


class Plan(Struct, frozen=True, kw_only=True):
    """All steps, and the business hours (None: always)."""

    steps: tuple[Step, ...] = ()
    hours: Hours | None = None


# ── judging: pure ───────────────────────────────────────────────────────────


def due(
    alert: Alert,
    plan: Plan,
    instances: Mapping[str, str],
    now: datetime,
    taken: Collection[str] = (),
) -> list[Due]:
    """The steps of *plan* whose time has come for the alert as it is now, but for those whose keys
    are *taken*.

    Where several came due since the last look (we were away, or a snooze is over), the last of
    them calls whom they all name, each once. *instances* names Connect instances by id.
    """
    fresh = [
        (step, since)
        for step, since in _ripe(alert, plan, now)
        if _key(step, alert, since) not in taken
    ]
    every = tuple(dict.fromkeys(receiver for step, _ in fresh for receiver in step.to))
    return [
        _taking(step, alert, since, instances, now, every if place == len(fresh) else ())
        for place, (step, since) in enumerate(fresh, 1)
    ]


def _ripe(alert: Alert, plan: Plan, now: datetime) -> list[tuple[Step, datetime]]:
    """The steps whose time has come, with the moment that they count from."""
    # What is held has no thread; nobody can have taken what nobody was shown.
    if alert.state is not AlertState.OPEN or alert.held:
        return []
    since = moment(_since(alert))
    if since is None:
        return []
    hours = None if alert.level is Level.CRITICAL else plan.hours
    return [
        (step, since)
        for step in plan.steps
        if alert.level in step.levels and _passed(step, since, hours, now)
    ]


def _since(alert: Alert) -> str:
    """When people could take it, as it is now, for the first time."""
    begun = alert.reopened.at if alert.reopened else alert.opened_at
    return max(begun, alert.released.at) if alert.released else begun


def _passed(step: Step, since: datetime, hours: Hours | None, now: datetime) -> bool:
    """Whether the step's minutes have passed; those of business never do so sooner.

    Where the clock was set back nobody knows how many have: rather too soon than an hour too late.
    """
    if since > now + AHEAD:
        return hours is None or hours.is_open(now)
    wait = timedelta(minutes=step.minutes)
    return since + wait <= now and (hours is None or hours.add_open(since, wait) <= now)


def _occasion(step: Step, since: datetime) -> str:
    return f"{iso(since)}\n{step.minutes}"


def _key(step: Step, alert: Alert, since: datetime) -> str:
    parts = ("escalate", alert.id, _occasion(step, since), *step.to)
    return str(uuid.uuid5(NAMESPACE, "\n".join(parts)))


def _taking(
    step: Step,
    alert: Alert,
    since: datetime,
    instances: Mapping[str, str],
    now: datetime,
    called: tuple[str, ...],
) -> Due:
    """The step as it is taken; it calls the receivers *called*."""
    occasion = _occasion(step, since)
    untaken = max(now - since, timedelta())
    page = paging.untaken(alert, untaken, instances, occasion)
    return Due(
        key=_key(step, alert, since),
        entry=_entry(step, alert, since, now),
        sends=tuple(_sends(called, alert, occasion, _sentence(alert, untaken))),
        pages=(page,) if PAGE in called else (),
    )


def _sentence(alert: Alert, untaken: timedelta) -> str:
    return f"Nobody has taken {alert.id} for {spoken(untaken)}: {alert.headline}"


def _sends(names: Sequence[str], alert: Alert, occasion: str, sentence: str) -> Iterator[Send]:
    """What receivers are told in Slack: in the thread, by themselves, in other channels."""
    receivers = [receiver.partition(":") for receiver in names]
    lane = Lane.CRITICAL if alert.level is Level.CRITICAL else Lane.ORDINARY
    called = [name for kind, _, name in receivers if kind in ("group", "user")]
    if called:
        yield Send(
            id=send_id(alert.id, SendKind.NOTE, "\n".join((occasion, *called))),
            kind=SendKind.NOTE,
            subject=alert.id,
            channel=alert.channel,
            lane=lane,
            body={"call": called, "text": sentence},
        )
    for kind, _, name in receivers:
        # Who is not in the channel does not hear of a mention in it.
        how = {"user": SendKind.DM, "channel": SendKind.POST}.get(kind)
        if how:
            yield Send(
                id=send_id(alert.id, how, f"{occasion}\n{name}"),
                kind=how,
                subject=alert.id,
                channel=name,
                lane=lane,
                body={"untaken": [[alert.id, sentence]]},
            )


def _entry(step: Step, alert: Alert, since: datetime, now: datetime) -> Entry:
    return Entry(
        kind="alert.escalate",
        subject=alert.id,
        by=paging.BY,
        at=iso(now),
        body={
            "rule": alert.rule,
            "level": alert.level,
            "open_since": iso(since),
            "after_minutes": step.minutes,
            "to": list(step.to),
        },
    )


# ── doing ───────────────────────────────────────────────────────────────────


def walk(bot: Bot, plan: Plan) -> None:
    """Take every step that is due for an open alert, reading some alerts at a time.

    Nobody is called about what is snoozed, nor about what is without a card: for a snooze, a
    storm, or another alert that stands for it.
    """
    if not plan.steps:
        return
    now, after, taken = bot.clock.now(), "", 0
    snoozed = {snooze.id for snooze in bot.store.snoozes([SnoozeState.ON])}
    while alerts := bot.store.open_alerts(after, BATCH):
        loud = [one for one in alerts if one.snooze not in snoozed]
        taken += _take(bot, loud, plan, now)
        after = alerts[-1].id
    if taken:
        bot.outbox.wake()


def _take(bot: Bot, alerts: Sequence[Alert], plan: Plan, now: datetime) -> int:
    """Most steps were taken in an earlier round, so that is looked up before anything is written.

    The store judges each alert once more as it takes a step: somebody may have pressed meanwhile.
    """
    keys = {
        alert.id: [_key(step, alert, since) for step, since in _ripe(alert, plan, now)]
        for alert in alerts
    }
    known = bot.store.escalated([key for own in keys.values() for key in own])
    rule = partial(due, plan=plan, instances=bot.instances, now=now, taken=known)
    fresh = [alert for alert, own in keys.items() if not known.issuperset(own)]
    return sum(bot.store.escalate(alert, rule, iso(now)) for alert in fresh)
