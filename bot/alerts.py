"""Who may decide what about an alert, and what a decision does.

open ──take──▶ taken ──resolve──▶ resolved ──reopen──▶ open;  open ──resolve──▶ resolved;
open, taken ──hand over──▶ taken by another;  a note changes no state.
A critical alert that is handed over stays open until its receiver has it: somebody who is asleep
must not be the end of its escalation.
Every verb passes a pure function that returns the decision with its reason, also where it says no.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from bot import health, model, storms
from bot.errors import BadInput
from bot.holding import out_by_decision
from bot.model import (
    Alert,
    AlertState,
    Around,
    Ask,
    Checkup,
    Decision,
    Entry,
    Lane,
    Latency,
    Level,
    Mark,
    Person,
    Record,
    Related,
    Send,
    SendKind,
    Timeline,
    Trouble,
    Unreadable,
    Verb,
    iso,
    privately,
    send_id,
)
from bot.ports import Bot, Feed, Verdicted

TROUBLE_FOR = timedelta(hours=24)
"""For so long status calls for a look at what could not be sent or read; the totals stay."""


class Reason(StrEnum):
    """Why a decision came out as it did."""

    TAKEN = "taken"
    RESOLVED = "resolved"
    REVEALED = "revealed"
    HANDED_OVER = "handed_over"
    NOTED = "noted"
    REOPENED = "reopened"
    YOURS_ALREADY = "yours_already"
    TAKEN_BY_ANOTHER = "taken_by_another"
    THEIRS_ALREADY = "theirs_already"
    RESOLVED_ALREADY = "resolved_already"
    NOT_RESOLVED = "not_resolved"
    NO_SUCH_ALERT = "no_such_alert"
    NO_VERDICT = "no_verdict"
    NO_RECEIVER = "no_receiver"
    NO_WORDS = "no_words"
    NO_RECORD = "no_record"
    NOT_ALLOWED = "not_allowed"


AROUND_MINUTES = 30
"""How far Details looks around the newest record, before it and after."""


class Details(Struct, frozen=True, kw_only=True):
    """An alert with what stands behind it: newest records first, decisions oldest first.

    *around* is what happened around the newest record, counted, and *related* the nearest of it;
    *times* are those of its findings, oldest first.
    """

    alert: Alert
    records: Sequence[Record]
    decisions: Sequence[Decision]
    around: Sequence[Around] = ()
    related: Related | None = None
    times: Sequence[str] = ()


class Query(Struct, frozen=True, kw_only=True):
    """Which alerts somebody asks for.

    *which* is one of `WHICH`, *mine* those among them that who asks has, or resolved; *rule* and
    *actor* are parts of names, in any case; *storm* is the id of the storm that held them back, or
    "any"; *held* are those whose cards something keeps back now.
    """

    which: str = "open"
    mine: bool = False
    rule: str = ""
    actor: str = ""
    storm: str = ""
    held: bool = False


WHICH: Mapping[str, tuple[AlertState, ...]] = {
    "open": (AlertState.OPEN, AlertState.TAKEN),
    "resolved": (AlertState.RESOLVED,),
    "all": tuple(AlertState),
}
"""What can be listed, by its word."""


class Page(Struct, frozen=True, kw_only=True):
    """Some of the alerts that *query* asks for: those from *offset* on, of *total*; and what is
    kept *quiet* now, counted as `Store.quiet` does."""

    query: Query
    alerts: Sequence[Alert]
    offset: int
    total: int
    quiet: Mapping[str, int] = {}


class Status(Struct, frozen=True, kw_only=True):
    """How the bot is doing."""

    counts: Mapping[str, int]
    feeds: Sequence[Feed]
    sender_error: str
    picture_error: str
    job_errors: Mapping[str, str]
    refused: Sequence[Send]
    unreadable: Sequence[tuple[str, Unreadable]]
    pages_to: str
    last_page: model.Page | None
    failed_pages: Sequence[model.Page]
    ledger_length: int
    ledger_head: str
    channels: Sequence[str]
    latency: Latency | None
    checkups: Sequence[Checkup]
    recovered: Sequence[Trouble]
    rules: Sequence[str]
    baselines: str


def suits(verb: Verb, alert: Alert) -> bool:
    """Whether *verb* makes sense for the alert as it is now, so that its modal is worth opening."""
    if verb is Verb.REOPEN:
        return alert.resolved is not None
    return verb in (Verb.NOTE, Verb.RAW) or alert.resolved is None


# ── judging: pure ───────────────────────────────────────────────────────────


def judge(ask: Ask, alert: Alert | None) -> Verdicted:
    """What comes of *ask*, given the alert as it is now."""
    if alert is None:
        return _no(ask, Reason.NO_SUCH_ALERT, f"There is no alert {ask.alert} (any more).")
    decides = _DECIDES.get(ask.verb)
    if decides is None:
        raise ValueError(f"{ask.verb} decides nothing")
    return decides(ask, alert)


def _take(ask: Ask, alert: Alert) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, _first(alert, alert.resolved, "resolved"))
    if alert.taken and not alert.awaited:
        if _same(alert.taken.by, ask.by):
            return _no(ask, Reason.YOURS_ALREADY, f"{alert.id} is yours already.")
        return _no(ask, Reason.TAKEN_BY_ANOTHER, _who_has(alert, alert.taken))
    changed = msgspec.structs.replace(_accepted(alert, ask), version=alert.version + 1)
    grounds: tuple[str, ...] = (f"state was {alert.state}",)
    if alert.taken:
        grounds += (f"handed to {alert.taken.by.user}",)
    taken = _yes(ask, changed, Reason.TAKEN, f"{alert.id} is yours.", grounds)
    return _losing(taken, alert, f"{_called(ask.by)} has taken {alert.id}: {alert.headline}.")


def _accepted(alert: Alert, ask: Ask) -> Alert:
    """*alert*, in the hands of who asks."""
    mark = Mark(by=ask.by, at=ask.at)
    return msgspec.structs.replace(alert, state=AlertState.TAKEN, taken=mark, handed=None)


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


def _hand_over(ask: Ask, alert: Alert) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, _first(alert, alert.resolved, "resolved"))
    if ask.to is None:
        return _no(ask, Reason.NO_RECEIVER, "Choose who shall have it.")
    if alert.taken and _same(alert.taken.by, ask.to):
        return _no(ask, Reason.THEIRS_ALREADY, f"{alert.id} is {_called(ask.to)}'s already.")
    if ask.shown not in ("", holder(alert)):
        return _no(ask, Reason.TAKEN_BY_ANOTHER, _meanwhile(alert))
    own = _same(ask.by, ask.to)
    waits = alert.level is Level.CRITICAL and not own
    changed = msgspec.structs.replace(
        alert,
        state=AlertState.OPEN if waits else AlertState.TAKEN,
        taken=Mark(by=ask.to, at=ask.at),
        handed=None if own else Mark(by=ask.by, at=ask.at),
        version=alert.version + 1,
    )
    owner = f"owner was {alert.taken.by.user}" if alert.taken else "nobody had it"
    sentence = f"{alert.id} is {_called(ask.to)}'s now."
    if waits:
        sentence = f"{alert.id} is {_called(ask.to)}'s as soon as they say that they have it."
    given = _yes(ask, changed, Reason.HANDED_OVER, sentence, (f"state was {alert.state}", owner))
    if not own:
        told = (*given.sends, _direct(ask, ask.to, _handed(ask, alert, waits=waits)))
        given = msgspec.structs.replace(given, sends=told)
    went = f"{_called(ask.by)} handed {alert.id}, which was yours, to {_called(ask.to)}"
    if own:
        went = f"{_called(ask.by)} has taken {alert.id}, which was yours"
    return _losing(given, alert, f"{went}: {alert.headline}.")


def holder(alert: Alert) -> str:
    """The user id of who has the alert, or was handed it; a word where nobody does. A window to
    hand it over carries it, so that of two people only the first one can."""
    return alert.taken.by.user if alert.taken else "nobody"


def _handed(ask: Ask, alert: Alert, *, waits: bool) -> str:
    """What the receiver reads, perhaps on a lock screen."""
    why = f" They say: {ask.note}" if ask.note else ""
    must = " Press “I have it” there: until then it counts as untaken." if waits else ""
    return (
        f"{_called(ask.by)} handed {alert.id} to you: {alert.headline}.{why}"
        f" /callwarden alert {alert.id} shows it.{must}"
    )


def _losing(verdict: Verdicted, before: Alert, sentence: str) -> Verdicted:
    """*verdict*, of which who had the alert *before* hears, where another took it from them."""
    ask, had = verdict.decision.ask, before.taken
    if had is None or _same(had.by, ask.by) or (ask.to and _same(had.by, ask.to)):
        return verdict
    told = (*verdict.sends, _direct(ask, had.by, sentence))
    return msgspec.structs.replace(verdict, sends=told)


def _note(ask: Ask, alert: Alert) -> Verdicted:
    if not ask.note:
        return _no(ask, Reason.NO_WORDS, "There is nothing written in that message to keep.")
    # Whoever was handed it and writes about it has it.
    theirs = alert.awaited and alert.taken and _same(alert.taken.by, ask.by)
    kept = _accepted(alert, ask) if theirs else alert
    changed = msgspec.structs.replace(kept, version=alert.version + 1)
    sentence = f"The note is kept with {alert.id}."
    if ask.left_out:
        sentence = (
            f"The note is kept with {alert.id}: its first {len(ask.note)} characters; the other"
            f" {ask.left_out} were too many and stand in the thread alone."
        )
    noted = _yes(ask, changed, Reason.NOTED, sentence, ())
    if not ask.quoted:
        return noted
    # It stands in the thread already: only the person who kept it is told.
    shown = tuple(send for send in noted.sends if send.kind is not SendKind.NOTE)
    return msgspec.structs.replace(noted, sends=(*shown, *privately(ask, noted.decision.sentence)))


def _reopen(ask: Ask, alert: Alert) -> Verdicted:
    if not alert.resolved:
        return _no(ask, Reason.NOT_RESOLVED, f"{alert.id} is not resolved.")
    changed = msgspec.structs.replace(
        alert,
        state=AlertState.OPEN,
        taken=None,
        handed=None,
        resolved=None,
        verdict=None,
        note="",
        reopened=Mark(by=ask.by, at=ask.at),
        version=alert.version + 1,
    )
    grounds = (f"was resolved as {alert.verdict} by {alert.resolved.by.user}",)
    return _yes(ask, changed, Reason.REOPENED, f"{alert.id} is open again.", grounds)


def _reveal(ask: Ask, alert: Alert) -> Verdicted:
    if not ask.record:
        return _no(ask, Reason.NO_RECORD, f"No record of {alert.id} is kept any more.")
    decision = Decision(
        ask=ask,
        accepted=True,
        reason=Reason.REVEALED,
        sentence=f"The newest raw record of {alert.id} comes to you by direct message.",
        grounds=(f"record {ask.record}",),
    )
    message = Send(
        id=send_id(ask.key, SendKind.DM, 0),
        kind=SendKind.DM,
        subject=alert.id,
        channel=ask.by.user,
        lane=Lane.CLICK,
        body={"record": ask.record},
    )
    return Verdicted(decision=decision, entry=_entry(decision, alert), sends=(message,))


_DECIDES: Mapping[Verb, Callable[[Ask, Alert], Verdicted]] = {
    Verb.TAKE: _take,
    Verb.RESOLVE: _resolve,
    Verb.RAW: _reveal,
    Verb.HAND_OVER: _hand_over,
    Verb.NOTE: _note,
    Verb.REOPEN: _reopen,
}


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
    # A card that was held back comes out with the decision on it, and needs no line of it.
    verdict = Verdicted(
        decision=decision,
        entry=_entry(decision, changed),
        alert=changed,
        sends=(edit,) if changed.held else (edit, history),
    )
    return out_by_decision(verdict, changed)


def _no(ask: Ask, reason: Reason, sentence: str) -> Verdicted:
    decision = Decision(ask=ask, accepted=False, reason=reason, sentence=sentence)
    return Verdicted(
        decision=decision,
        entry=_entry(decision, None),
        sends=privately(ask, sentence),
    )


def _first(alert: Alert, mark: Mark, did: str) -> str:
    """Who was first, and when."""
    when = mark.at[:16].replace("T", " ")
    return f"{_called(mark.by)} was first: {did} {alert.id} at {when} UTC."


def _who_has(alert: Alert, taken: Mark) -> str:
    if alert.handed is None:
        return _first(alert, taken, "took")
    to = _called(taken.by)
    when = alert.handed.at[:16].replace("T", " ")
    return f"{_called(alert.handed.by)} was first: handed {alert.id} to {to} at {when} UTC."


def _meanwhile(alert: Alert) -> str:
    """What became of it since somebody looked at it to hand it over."""
    again = "Look at it again before you hand it over."
    if alert.taken is None:
        return f"{alert.id} was opened again and is nobody's. {again}"
    return f"{_who_has(alert, alert.taken)} {again}"


def _called(person: Person) -> str:
    return person.name or person.user


def _same(one: Person, other: Person) -> bool:
    return (one.user, one.team) == (other.user, other.team)


def _direct(ask: Ask, reader: Person, sentence: str) -> Send:
    """*sentence* to *reader* by direct message."""
    return Send(
        id=send_id(ask.key, SendKind.DM, reader.user),
        kind=SendKind.DM,
        subject=ask.alert,
        channel=reader.user,
        lane=Lane.CLICK,
        body={"text": sentence},
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
        body |= {"verdict": ask.verdict}
    if ask.verdict is not None or ask.note:
        body |= {"note": ask.note}
    if ask.record:
        body |= {"record": ask.record}
    if ask.to is not None:
        body |= {"to": ask.to.user}
    if ask.quoted:
        body |= {"quoted": ask.quoted}
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


def details(bot: Bot, alert_id: str, by: Person) -> Details:
    """The alert with its last records and decisions, for *by*. Raises BadInput for an unknown
    id."""
    alert = opened(bot, alert_id, by)
    records = bot.store.records_of(alert_id)
    return Details(
        alert=alert,
        records=records,
        decisions=bot.store.decisions_of(alert_id),
        around=bot.store.around(records[0], AROUND_MINUTES) if records else (),
        related=bot.store.related(alert_id, records[0], AROUND_MINUTES) if records else None,
        times=bot.store.times_of(alert_id),
    )


def timeline(bot: Bot, alert_id: str, record: Record, zone: str = "") -> Timeline:
    """What happened around *record*, with the calls of the alert marked; *zone* is the reader's."""
    tracks = bot.store.tracks(record, alert_id, AROUND_MINUTES)
    return Timeline(middle=record.time, minutes=AROUND_MINUTES, tracks=tuple(tracks), zone=zone)


def find(bot: Bot, alert_id: str) -> Alert:
    """The alert. Raises BadInput for an unknown id."""
    alert = bot.store.alert(alert_id)
    if alert is None:
        raise BadInput(f"There is no alert {alert_id} (any more).", where="alert")
    return alert


def opened(bot: Bot, alert_id: str, by: Person) -> Alert:
    """The alert that *by* opens: if a storm holds its card back, it is posted now, so that others
    can see it and talk about it. Raises BadInput for an unknown id."""
    alert = find(bot, alert_id)
    if not alert.in_storm:
        return alert
    now = iso(bot.clock.now())
    bring_out = functools.partial(storms.brought_out, by=by, now=now)
    out = bot.store.change_alert(alert.id, bring_out, now)
    bot.outbox.wake()
    return out or alert


def within(offset: int, total: int, limit: int) -> int:
    """Where the page begins that was asked for at *offset*, of a list of *total* in pages of
    *limit*: the last one where there are no longer so many."""
    return offset if offset < total else max(0, total - 1) // limit * limit


def listing(bot: Bot, query: Query, by: str, *, limit: int = 8, offset: int = 0) -> Page:
    """A page of alerts, worst and newest first; *by* is the user id of who asks.

    Where there are no longer so many, the last page.
    """
    if query.which not in WHICH:
        known = ", ".join(WHICH)
        raise BadInput(f"I can list {known}, not {query.which!r}.", where="alerts")
    states = WHICH[query.which]
    owner = by if query.mine else ""
    asked = {"owner": owner, "rule": query.rule, "actor": query.actor, "storm": query.storm}
    total = bot.store.how_many(states, held=query.held, **asked)
    offset = within(offset, total, limit)
    return Page(
        query=query,
        alerts=bot.store.alerts(states, limit, offset, held=query.held, **asked),
        offset=offset,
        total=total,
        quiet=bot.store.quiet(),
    )


def status(bot: Bot) -> Status:
    """How the bot is doing, from the store and the running parts."""
    head = bot.store.head()
    since = iso(bot.clock.now() - TROUBLE_FOR)
    return Status(
        counts=bot.store.counts(),
        feeds=bot.pulse.feeds(),
        sender_error=bot.pulse.sender_error(),
        picture_error=bot.pictures.error(),
        job_errors=bot.pulse.job_errors(),
        refused=bot.store.refused_sends(5, since),
        unreadable=bot.store.unreadable(3, since),
        pages_to=bot.pages_to,
        last_page=bot.store.sent_page(),
        failed_pages=bot.store.failed_pages(3, since),
        ledger_length=head[0],
        ledger_head=head[1],
        channels=bot.pulse.channel_warnings(),
        latency=health.measured(bot),
        checkups=bot.pulse.checkups(),
        recovered=bot.store.troubles_over(since),
        rules=bot.rules.warnings(),
        baselines=bot.pulse.baselines(),
    )
