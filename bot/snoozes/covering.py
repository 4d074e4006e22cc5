"""What a snooze covers, what ends it by itself, and what comes out then: pure."""

from __future__ import annotations

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


def quieted(
    folded: Folded,
    finding: Finding,
    before: Alert | None,
    standing: Sequence[Snooze],
    now: str,
) -> Folded:
    """*folded*, disturbing nobody where a snooze covers it and nothing about it is new.

    *before* is its alert before *finding*; None where that opened it. What is new ends whatever
    was for that alert, not only what was for the finding: whoever asked for it had not seen this.
    """
    alert = folded.alert
    touched = [
        one
        for one in standing
        if one.speaks_of(finding, alert.id) or (before is not None and one.is_about(before))
    ]
    # The copy of a change that the alert shows already tells nothing.
    copy = finding.record.replay and before is not None and before.seen == alert.seen
    time = finding.record.happened(now)
    fresh = {} if copy else {one.id: news(one.seen, one.level, finding, time) for one in touched}
    broken = [one for one in touched if fresh.get(one.id)]
    if broken:
        return _broken(folded, broken, fresh, now)
    quieting = [one for one in standing if one.quiets(alert, now)]
    if not quieting:
        return _released(folded, "there is more of it, and nothing covers that", now)
    # One counts it: the others would count the same.
    changes = (kept_quiet(quieting[-1], opened=folded.opened),)
    if not (folded.opened or alert.held):
        return msgspec.structs.replace(folded, snoozes=changes)
    held = msgspec.structs.replace(alert, held=quieting[-1].id)
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
    quieting = [one for one in standing if one.quiets(alert, now)]
    if quieting:
        return Folded(alert=msgspec.structs.replace(alert, held=quieting[-1].id))
    by = over.ended.by if over.ended else OURSELVES
    return out_by_itself(alert, over.why, by, now)


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
