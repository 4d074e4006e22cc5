"""Who is called about an alert that nobody takes, and when: pure, but for `walk`.

A step counts its minutes from when the alert was opened, re-opened, shown after all or, where its
receiver has yet to say that they have it, handed over: a critical alert's day and night, every
other's in business time. Its key and the ids of all that it sends are derived from that moment, so
a step that is repeated is the same step. Whoever takes or resolves the alert ends this at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from bot import paging
from bot.hours import Hours
from bot.model import (
    NAMESPACE,
    Alert,
    AlertState,
    Entry,
    Lane,
    Level,
    Send,
    SendKind,
    Snooze,
    iso,
    moment,
    send_id,
)
from bot.ports import Bot, Due, Left

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
    snoozes: Sequence[Snooze],
    plan: Plan,
    instances: Mapping[str, str],
    now: datetime,
    taken: Collection[str] = (),
) -> list[Due]:
    """The steps of *plan* whose time has come for the alert as it is now, but for those whose keys
    are *taken*; none where one of *snoozes* quiets it.

    Where several came due since the last look (we were away, or a snooze is over), the last of
    them calls whom they all name, each once. *instances* names Connect instances by id.
    """
    if _quieted(alert, snoozes, iso(now)):
        return []
    fresh = [
        (step, since)
        for step, since in _ripe(alert, plan, now)
        if _key(step, alert.id, since) not in taken
    ]
    every = tuple(dict.fromkeys(receiver for step, _ in fresh for receiver in step.to))
    return [
        _taking(step, alert, since, instances, now, every if place == len(fresh) else ())
        for place, (step, since) in enumerate(fresh, 1)
    ]


def _quieted(alert: Alert, snoozes: Sequence[Snooze], now: str) -> bool:
    return any(one.quiets(alert, now) for one in snoozes)


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
    begun = [alert.reopened.at if alert.reopened else alert.opened_at]
    if alert.released:
        begun.append(alert.released.at)
    if alert.taken:  # it was handed to somebody who may be asleep
        begun.append(alert.taken.at)
    return max(begun)


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


def _key(step: Step, subject: str, since: datetime) -> str:
    parts = ("escalate", subject, _occasion(step, since), *step.to)
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
    lane = Lane.CRITICAL if alert.level is Level.CRITICAL else Lane.ORDINARY
    sentence = _sentence(alert, untaken)
    aside = {"untaken": [[alert.id, sentence]]}
    said = _sends(called, alert.id, alert.channel, lane, occasion, sentence, aside)
    return Due(
        key=_key(step, alert.id, since),
        entry=_entry(step, alert.id, since, now, {"rule": alert.rule, "level": alert.level}),
        sends=tuple(said),
        pages=(page,) if PAGE in called else (),
    )


def due_after(left: Left, plan: Plan, now: datetime) -> list[Due]:
    """The steps whose time has come, counted from the storm's end, for all together that it still
    holds back: a call for each would be the next flood."""
    since = moment(left.storm.ended_at)
    if since is None:
        return []
    return [
        _calling(step, left, since, now)
        for step in plan.steps
        if any(left.open.get(level) for level in step.levels)
        and _passed(step, since, plan.hours, now)
    ]


def _calling(step: Step, left: Left, since: datetime, now: datetime) -> Due:
    storm, occasion = left.storm, _occasion(step, since)
    open_ = {level: left.open[level] for level in step.levels if left.open.get(level)}
    page = paging.left_behind(storm, open_, now - since, occasion)
    sentence = paging.left_sentence(storm, open_, now - since)
    aside = {"text": f"{sentence}. /callwarden alerts storm {storm.id} lists them."}
    said = _sends(step.to, storm.id, storm.place, Lane.ORDINARY, occasion, sentence, aside)
    counted: dict[str, object] = {level.value: number for level, number in open_.items()}
    return Due(
        key=_key(step, storm.id, since),
        entry=_entry(step, storm.id, since, now, {"open": counted}, kind="storm.escalate"),
        sends=tuple(said),
        pages=(page,) if PAGE in step.to else (),
    )


def _sentence(alert: Alert, untaken: timedelta) -> str:
    return f"{paging.waits(alert, untaken)}: {alert.headline}"


def _sends(
    names: Sequence[str],
    subject: str,
    channel: str,
    lane: Lane,
    occasion: str,
    sentence: str,
    aside: Mapping[str, object],
) -> Iterator[Send]:
    """What receivers are told in Slack: in the thread, and *aside* by themselves and in other
    channels."""
    receivers = [receiver.partition(":") for receiver in names]
    called = [name for kind, _, name in receivers if kind in ("group", "user")]
    if called:
        yield Send(
            id=send_id(subject, SendKind.NOTE, "\n".join((occasion, *called))),
            kind=SendKind.NOTE,
            subject=subject,
            channel=channel,
            lane=lane,
            body={"call": called, "text": sentence},
        )
    for kind, _, name in receivers:
        # Who is not in the channel does not hear of a mention in it.
        how = {"user": SendKind.DM, "channel": SendKind.POST}.get(kind)
        if how:
            yield Send(
                id=send_id(subject, how, f"{occasion}\n{name}"),
                kind=how,
                subject=subject,
                channel=name,
                lane=lane,
                body=dict(aside),
            )


def _entry(
    step: Step,
    subject: str,
    since: datetime,
    now: datetime,
    about: Mapping[str, object],
    kind: str = "alert.escalate",
) -> Entry:
    return Entry(
        kind=kind,
        subject=subject,
        by=paging.BY,
        at=iso(now),
        body={
            **about,
            "open_since": iso(since),
            "after_minutes": step.minutes,
            "to": list(step.to),
        },
    )


# ── doing ───────────────────────────────────────────────────────────────────


def walk(bot: Bot, plan: Plan) -> None:
    """Take every step that is due for an open alert, reading some alerts at a time.

    Nobody is called about what is snoozed, nor about what is without a card: for a snooze, a
    storm, or another alert that stands for it. What a storm that is over left without cards is one
    call, not many.
    """
    if not plan.steps:
        return
    now, after, taken = bot.clock.now(), "", 0
    snoozes = bot.store.snoozes_standing()
    while alerts := bot.store.open_alerts(after, BATCH):
        taken += _take(bot, alerts, snoozes, plan, now)
        after = alerts[-1].id
    taken += _after_storms(bot, plan, now)
    if taken:
        bot.outbox.wake()


def _take(
    bot: Bot, alerts: Sequence[Alert], snoozes: Sequence[Snooze], plan: Plan, now: datetime
) -> int:
    """Most steps were taken in an earlier round, so that is looked up before any snooze is, and
    before anything is written.

    The store judges each alert once more as it takes a step: somebody may have pressed meanwhile.
    """
    keys = {
        alert.id: [_key(step, alert.id, since) for step, since in _ripe(alert, plan, now)]
        for alert in alerts
    }
    known = bot.store.escalated([key for own in keys.values() for key in own])
    rule = partial(due, plan=plan, instances=bot.instances, now=now, taken=known)
    fresh = [alert for alert in alerts if not known.issuperset(keys[alert.id])]
    loud = [alert for alert in fresh if not _quieted(alert, snoozes, iso(now))]
    return sum(bot.store.escalate(alert.id, rule, iso(now)) for alert in loud)


def _after_storms(bot: Bot, plan: Plan, now: datetime) -> int:
    rule = partial(due_after, plan=plan, now=now)
    taken = 0
    for left in bot.store.left_by_storms():
        keys = [step.key for step in rule(left)]
        if not bot.store.escalated(keys).issuperset(keys):
            taken += bot.store.escalate_left(left.storm.id, rule, iso(now))
    return taken
