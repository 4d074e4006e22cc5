"""Who may decide what about an alert, and what a decision does.

open ──take──▶ taken ──resolve──▶ resolved;  open ──resolve──▶ resolved.
Every verb passes a pure function that returns the decision with its reason, also where it says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

from bot.errors import BadInput
from bot.model import (
    Alert,
    AlertState,
    Ask,
    Decision,
    Entry,
    Lane,
    Mark,
    Person,
    Record,
    Send,
    SendKind,
    Unreadable,
    Verb,
    send_id,
)
from bot.ports import Bot, Feed, Verdicted


class Reason(StrEnum):
    """Why a decision came out as it did."""

    TAKEN = "taken"
    RESOLVED = "resolved"
    REVEALED = "revealed"
    YOURS_ALREADY = "yours_already"
    TAKEN_BY_ANOTHER = "taken_by_another"
    RESOLVED_ALREADY = "resolved_already"
    NO_SUCH_ALERT = "no_such_alert"
    NO_VERDICT = "no_verdict"
    NOT_ALLOWED = "not_allowed"


class Details(Struct, frozen=True, kw_only=True):
    """An alert with what stands behind it: newest records first, decisions oldest first."""

    alert: Alert
    records: Sequence[Record]
    decisions: Sequence[Decision]


class Status(Struct, frozen=True, kw_only=True):
    """How the bot is doing."""

    counts: Mapping[str, int]
    feeds: Sequence[Feed]
    sender_error: str
    job_errors: Mapping[str, str]
    refused: Sequence[Send]
    unreadable: Sequence[tuple[str, Unreadable]]
    ledger_length: int
    ledger_head: str


# ── judging: pure ───────────────────────────────────────────────────────────


def judge(ask: Ask, alert: Alert | None) -> Verdicted:
    """What comes of *ask*, given the alert as it is now."""
    if alert is None:
        return _no(ask, Reason.NO_SUCH_ALERT, f"There is no alert {ask.alert} (any more).")
    if ask.verb is Verb.TAKE:
        return _take(ask, alert)
    if ask.verb is Verb.RESOLVE:
        return _resolve(ask, alert)
    if ask.verb is Verb.RAW:
        return _reveal(ask, alert)
    raise ValueError(f"{ask.verb} decides nothing")


def _take(ask: Ask, alert: Alert) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, _first(alert, alert.resolved, "resolved"))
    if alert.taken and _same(alert.taken.by, ask.by):
        return _no(ask, Reason.YOURS_ALREADY, f"{alert.id} is yours already.")
    if alert.taken:
        return _no(ask, Reason.TAKEN_BY_ANOTHER, _first(alert, alert.taken, "took"))
    mark = Mark(by=ask.by, at=ask.at)
    changed = msgspec.structs.replace(
        alert, state=AlertState.TAKEN, taken=mark, version=alert.version + 1
    )
    return _yes(ask, changed, Reason.TAKEN, f"{alert.id} is yours.", (f"state was {alert.state}",))


def _resolve(ask: Ask, alert: Alert) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, _first(alert, alert.resolved, "resolved"))
    if ask.verdict is None:
        return _no(ask, Reason.NO_VERDICT, "Choose what it turned out to be.")
    changed = msgspec.structs.replace(
        alert,
        state=AlertState.RESOLVED,
        resolved=Mark(by=ask.by, at=ask.at),
        verdict=ask.verdict,
        note=ask.note,
        version=alert.version + 1,
    )
    grounds: tuple[str, ...] = (f"state was {alert.state}",)
    if alert.taken and not _same(alert.taken.by, ask.by):
        grounds += (f"taken by {alert.taken.by.user}",)
    return _yes(ask, changed, Reason.RESOLVED, f"{alert.id} is resolved.", grounds)


def _reveal(ask: Ask, alert: Alert) -> Verdicted:
    decision = Decision(
        ask=ask,
        accepted=True,
        reason=Reason.REVEALED,
        sentence=f"The newest raw record of {alert.id} comes to you by direct message.",
    )
    message = Send(
        id=send_id(ask.key, SendKind.DM, 0),
        kind=SendKind.DM,
        subject=alert.id,
        channel=ask.by.user,
        lane=Lane.CLICK,
        body={"raw_of": alert.id},
    )
    return Verdicted(decision=decision, entry=_entry(decision, alert), sends=(message,))


def _yes(
    ask: Ask, changed: Alert, reason: Reason, sentence: str, grounds: tuple[str, ...]
) -> Verdicted:
    decision = Decision(ask=ask, accepted=True, reason=reason, sentence=sentence, grounds=grounds)
    edit = Send(
        id=send_id(changed.id, SendKind.EDIT, changed.version),
        kind=SendKind.EDIT,
        subject=changed.id,
        channel=changed.channel,
        lane=Lane.CLICK,
        revision=changed.version,
    )
    history = Send(
        id=send_id(changed.id, SendKind.NOTE, changed.version),
        kind=SendKind.NOTE,
        subject=changed.id,
        channel=changed.channel,
        lane=Lane.ORDINARY,
        revision=changed.version,
        body={"decision": ask.key},
    )
    return Verdicted(
        decision=decision,
        entry=_entry(decision, changed),
        alert=changed,
        sends=(edit, history),
    )


def _no(ask: Ask, reason: Reason, sentence: str) -> Verdicted:
    decision = Decision(ask=ask, accepted=False, reason=reason, sentence=sentence)
    return Verdicted(
        decision=decision,
        entry=_entry(decision, None),
        sends=_privately(ask, sentence),
    )


def _first(alert: Alert, mark: Mark, did: str) -> str:
    """Who was first, and when."""
    who = mark.by.name or mark.by.user
    return f"{who} was first: {did} {alert.id} at {mark.at[:16].replace('T', ' ')} UTC."


def _same(one: Person, other: Person) -> bool:
    return (one.user, one.team) == (other.user, other.team)


def _privately(ask: Ask, sentence: str) -> tuple[Send, ...]:
    """*sentence* for the asker alone, where they asked; nothing where the ack itself answers."""
    if not ask.channel:
        return ()
    return (
        Send(
            id=send_id(ask.key, SendKind.EPHEMERAL, 0),
            kind=SendKind.EPHEMERAL,
            subject=ask.alert,
            channel=ask.channel,
            user=ask.by.user,
            lane=Lane.CLICK,
            body={"text": sentence},
        ),
    )


def _entry(decision: Decision, alert: Alert | None) -> Entry:
    ask = decision.ask
    body: dict[str, object] = {
        "reason": decision.reason,
        "team": ask.by.team,
        "key": ask.key,
        "grounds": list(decision.grounds),
    }
    if alert is not None:
        body |= {"rule": alert.rule, "level": alert.level, "version": alert.version}
    if ask.verdict is not None:
        body |= {"verdict": ask.verdict, "note": ask.note}
    kind = f"alert.{ask.verb}"
    if not decision.accepted:
        body["sentence"] = decision.sentence
        # At the door nobody has looked at the alert yet.
        kind = f"{ask.verb if decision.reason == Reason.NOT_ALLOWED else kind}.refused"
    return Entry(kind=kind, subject=ask.alert, by=ask.by.user, at=ask.at, body=body)


# ── doing ───────────────────────────────────────────────────────────────────


def decide(bot: Bot, ask: Ask) -> Decision:
    """Judge and record *ask*, and queue the redrawn card, the thread's line or the answer."""
    decision = bot.store.decide(ask, judge)
    bot.outbox.wake()
    return decision


def refuse(bot: Bot, ask: Ask, sentence: str) -> Decision:
    """Record that somebody was turned away at the door; `ask.channel` hears why, privately.

    *ask.alert* is what they asked about: an alert's id, or the listener where there was none.
    """

    def turned_away(ask: Ask, _: Alert | None) -> Verdicted:
        return _no(ask, Reason.NOT_ALLOWED, sentence)

    decision = bot.store.decide(ask, turned_away)
    bot.outbox.wake()
    return decision


def details(bot: Bot, alert_id: str) -> Details:
    """The alert with its last records and decisions. Raises BadInput for an unknown id."""
    alert = bot.store.alert(alert_id)
    if alert is None:
        raise BadInput(f"There is no alert {alert_id} (any more).", where="alert")
    return Details(
        alert=alert,
        records=bot.store.records_of(alert_id),
        decisions=bot.store.decisions_of(alert_id),
    )


def listing(bot: Bot, which: str = "open", limit: int = 10) -> Sequence[Alert]:
    """Alerts, worst and newest first: `open` (open and taken) or `all`."""
    states = {
        "open": (AlertState.OPEN, AlertState.TAKEN),
        "all": tuple(AlertState),
    }
    if which not in states:
        raise BadInput(f"I know {' and '.join(states)}, not {which!r}.", where="alerts")
    return bot.store.alerts(states[which], limit)


def status(bot: Bot) -> Status:
    """How the bot is doing, from the store and the running parts."""
    head = bot.store.head()
    return Status(
        counts=bot.store.counts(),
        feeds=bot.pulse.feeds(),
        sender_error=bot.pulse.sender_error(),
        job_errors=bot.pulse.job_errors(),
        refused=bot.store.refused_sends(5),
        unreadable=bot.store.unreadable(3),
        ledger_length=head[0],
        ledger_head=head[1],
    )
