"""What a snooze covers, what ends it by itself, and what comes out then: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.holding import out_by_itself
from bot.model import (
    Alert,
    Entry,
    Finding,
    Lane,
    Person,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    iso,
    send_id,
)
from bot.novelty import news
from bot.ports import Folded, SnoozeChange
from bot.standing import OURSELVES, due, ended, said

ASKED_MOST = timedelta(hours=1)
"""How long a snooze waits for the second person."""


def key_of(scope: Scope, rule: str, principal: str, target: str, alert: str) -> str:
    """What a snooze of *scope* is recognised by."""
    parts = {
        Scope.ALERT: (alert,),
        Scope.RULE_ACTOR: (rule, principal),
        Scope.RULE_ACTOR_TARGET: (rule, principal, target),
    }[scope]
    return hashlib.sha256("\n".join((scope, *parts)).encode("utf-8", "surrogatepass")).hexdigest()


def covers(snooze: Snooze, finding: Finding, alert: Alert, now: str) -> bool:
    """Whether *snooze* is on and about *finding*, which went into *alert*."""
    record = finding.record
    target = record.target or record.instance
    key = key_of(snooze.scope, finding.rule, record.actor.principal, target, alert.id)
    return snooze.is_on and now < snooze.until and snooze.key == key


def quieted(folded: Folded, finding: Finding, standing: Sequence[Snooze], now: str) -> Folded:
    """*folded*, disturbing nobody where a snooze covers it and nothing about it is new."""
    covering = [one for one in standing if covers(one, finding, folded.alert, now)]
    time = finding.record.happened(now)
    fresh = {one.id: news(one.seen, one.level, finding, time) for one in covering}
    broken = [one for one in covering if fresh[one.id]]
    if broken:
        return _broken(folded, broken, fresh, now)
    if not covering:
        return _released(folded, "there is more of it, and nothing covers that", now)
    # The widest one counts it: the others would count the same.
    changes = (kept_quiet(covering[-1], opened=folded.opened),)
    if not (folded.opened or folded.alert.held):
        return msgspec.structs.replace(folded, snoozes=changes)
    snooze = covering[-1].id
    held = msgspec.structs.replace(folded.alert, snooze=snooze, held=snooze)
    return msgspec.structs.replace(folded, alert=held, sends=(), snoozes=changes)


def _broken(
    folded: Folded, broken: Sequence[Snooze], fresh: Mapping[str, Sequence[str]], now: str
) -> Folded:
    """New context: the snooze is over, and what is new stands on the alert."""
    first = broken[0]
    why = f"new context: {'; '.join(fresh[first.id])}"
    changes = tuple(over(one, OURSELVES, now, why) for one in broken)
    if folded.opened or folded.alert.held:
        known = set(folded.alert.news)
        lines = [line for line in fresh[first.id] if line not in known]
        told = msgspec.structs.replace(folded.alert, news=(*folded.alert.news, *lines))
        folded = _released(msgspec.structs.replace(folded, alert=told), why, now)
    return msgspec.structs.replace(folded, snoozes=changes)


def _released(folded: Folded, why: str, now: str) -> Folded:
    """An alert whose card was held back gets it with the next finding that nothing covers."""
    if not folded.alert.held:
        return folded
    return out_by_itself(folded.alert, why, OURSELVES, now)


def woken(alert: Alert, over: Snooze, standing: Sequence[Snooze], now: str) -> Folded:
    """*alert*, which *over* kept without a card, with its card; where one of *standing* covers it
    too, that one keeps it quiet from now on."""
    covering = [
        one
        for one in standing
        if one.is_on and now < one.until and one.key == key_for(one.scope, alert)
    ]
    if covering:
        other = covering[-1].id
        return Folded(alert=msgspec.structs.replace(alert, snooze=other, held=other))
    by = over.ended.by if over.ended else OURSELVES
    return out_by_itself(alert, over.why, by, now)


def key_for(scope: Scope, alert: Alert) -> str:
    target = alert.target or alert.instance
    return key_of(scope, alert.rule, alert.actor.principal, target, alert.id)


def over(snooze: Snooze, by: Person, now: str, why: str) -> SnoozeChange:
    """*snooze*, ended: said in the thread of the alert it began with, and in the ledger."""
    past = ended(snooze, SnoozeState.OVER, by, now, why)
    body: dict[str, object] = {
        "snooze": snooze.id,
        "why": why,
        "findings": snooze.findings,
        "alerts": snooze.alerts,
    }
    entry = Entry(kind="snooze.over", subject=snooze.alert, by=by.user, at=now, body=body)
    return SnoozeChange(snooze=past, entry=entry, sends=(*_undrawn(past), said(past, "snooze")))


def kept_quiet(snooze: Snooze, *, opened: bool) -> SnoozeChange:
    """One more finding that nobody was disturbed by."""
    return SnoozeChange(
        snooze=msgspec.structs.replace(
            snooze, findings=snooze.findings + 1, alerts=snooze.alerts + opened
        )
    )


def run_out(standing: Sequence[Snooze], now: datetime) -> list[SnoozeChange]:
    """Those whose time is up, and those that nobody agreed to in time."""
    return [
        over(snooze, OURSELVES, iso(now), why) for snooze, why in due(standing, ASKED_MOST, now)
    ]


def _undrawn(snooze: Snooze) -> tuple[Send, ...]:
    """The card of the alert that it began with no longer shows it."""
    return (
        Send(
            id=send_id(snooze.id, SendKind.EDIT, snooze.version),
            kind=SendKind.EDIT,
            subject=snooze.alert,
            channel=snooze.channel,
            lane=Lane.QUIET,
        ),
    )
