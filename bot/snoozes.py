"""Snoozes with brakes: who may keep what quiet for how long, and what ends it.

A snooze covers an alert, or what an actor does that a rule speaks of, perhaps to one target only.
While it is on, what it covers is stored and counted but nobody is disturbed. New context (an
actor, network or program not seen when it was snoozed, a success after refusals, a higher level)
ends it by itself. A critical alert may be snoozed for an hour; longer takes a second person.
What it kept without a card and nobody has seen is shown once it is over.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from bot.holding import out_by_decision, out_by_itself
from bot.model import (
    Alert,
    Ask,
    Decision,
    Entry,
    Finding,
    Lane,
    Level,
    Person,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Verb,
    iso,
    privately,
    send_id,
    spoken_id,
)
from bot.novelty import news
from bot.ports import Bot, Folded, SnoozeChange, Storming, Verdicted
from bot.standing import (
    OURSELVES,
    after,
    agreed,
    due,
    ended,
    is_own,
    known,
    recorded,
    refused,
    said,
    spoken,
)

HOURS = (1, 8, 24, 168)
"""How long an alert can be snoozed."""

ALONE_MOST = 1
"""Hours that one person alone may snooze a critical alert for."""

ASKED_MOST = timedelta(hours=1)
"""How long a snooze waits for the second person."""

SHOWN_FROM = Level.MEDIUM
"""Alerts from this level on get their cards when the snooze that kept them quiet is over."""


class Reason(StrEnum):
    """Why a decision about a snooze came out as it did."""

    SNOOZED = "snoozed"
    ASKED = "asked"
    AGREED = "agreed"
    WOKEN = "woken"
    NO_SUCH_ALERT = "no_such_alert"
    RESOLVED_ALREADY = "resolved_already"
    SNOOZED_ALREADY = "snoozed_already"
    CHANGED = "changed"
    NOT_OFFERED = "not_offered"
    NO_REASON = "no_reason"
    OWN_SNOOZE = "own_snooze"
    NOT_ASKED = "not_asked"
    OVER_ALREADY = "over_already"


# ── what a snooze covers: pure ──────────────────────────────────────────────


def key_of(scope: Scope, rule: str, principal: str, target: str, alert: str) -> str:
    """What a snooze of *scope* is recognised by."""
    parts = {
        Scope.ALERT: (alert,),
        Scope.RULE_ACTOR: (rule, principal),
        Scope.RULE_ACTOR_TARGET: (rule, principal, target),
    }[scope]
    return hashlib.sha256("\n".join((scope, *parts)).encode("utf-8", "surrogatepass")).hexdigest()


def about(alert: Alert) -> str:
    """A mark of what a snooze of *alert* as it is now would take for known, and of its target."""
    known = msgspec.json.encode((alert.level, alert.actor.principal, alert.seen))
    target = (alert.target or alert.instance).encode("utf-8", "surrogatepass")
    return ".".join(hashlib.sha256(part).hexdigest()[:16] for part in (known, target))


def _changed(ask: Ask, alert: Alert) -> str:
    """What is no longer as the person's window showed it, or "".

    The target only where the snooze is about it: of much that folds in, each is on another.
    """
    if not ask.shown:
        return ""
    before, now = ask.shown.split("."), about(alert).split(".")
    if before[0] != now[0]:
        last = f": {alert.news[-1]}" if alert.news else ""
        return f"Something new came while this window was open{last}. Please look again."
    if ask.scope is Scope.RULE_ACTOR_TARGET and before != now:
        return "The target is another one by now. Please look again."
    return ""


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
        if one.is_on and now < one.until and one.key == _key(one.scope, alert)
    ]
    if covering:
        other = covering[-1].id
        return Folded(alert=msgspec.structs.replace(alert, snooze=other, held=other))
    by = over.ended.by if over.ended else OURSELVES
    return out_by_itself(alert, over.why, by, now)


def _key(scope: Scope, alert: Alert) -> str:
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


# ── judging: pure ───────────────────────────────────────────────────────────


def judge(ask: Ask, alert: Alert | None, standing: Sequence[Snooze]) -> Verdicted:
    """What comes of *ask*, given the alert and the snoozes that are asked for or on."""
    if alert is None:
        return _no(ask, Reason.NO_SUCH_ALERT, f"There is no alert {ask.alert} (any more).")
    if ask.verb is Verb.SNOOZE:
        return _begin(ask, alert, standing)
    found = next((one for one in standing if one.id == ask.snooze), None)
    if found is None:
        return _no(ask, Reason.OVER_ALREADY, f"The snooze {ask.snooze} is over already.")
    if ask.verb is Verb.AGREE:
        return _agree(ask, alert, found)
    if ask.verb is Verb.WAKE:
        return _wake(ask, alert, found)
    raise ValueError(f"{ask.verb} decides nothing about a snooze")


def _begin(ask: Ask, alert: Alert, standing: Sequence[Snooze]) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, f"{alert.id} is resolved: nothing disturbs you.")
    if ask.scope is None or ask.hours not in HOURS:
        return _no(ask, Reason.NOT_OFFERED, "Choose what to snooze, and for how long.")
    if not ask.note:
        return _no(ask, Reason.NO_REASON, "Say why: whoever reads it a year later will ask.")
    if changed := _changed(ask, alert):
        return _no(ask, Reason.CHANGED, changed)
    key = _key(ask.scope, alert)
    twin = next((one for one in standing if one.key == key), None)
    if twin is not None:
        return _no(ask, Reason.SNOOZED_ALREADY, _already(twin))
    snooze = Snooze(
        id=spoken_id("SN", ask.key),
        alert=alert.id,
        rule=alert.rule,
        level=alert.level,
        headline=alert.headline,
        scope=ask.scope,
        key=key,
        hours=ask.hours,
        reason=ask.note,
        by=ask.by,
        at=ask.at,
        seen=alert.seen,
        channel=alert.channel,
    )
    if alert.level is Level.CRITICAL and ask.hours > ALONE_MOST:
        asked = msgspec.structs.replace(snooze, state=SnoozeState.ASKED)
        sentence = "A second person must agree: it is critical, and for longer than an hour."
        return _yes(ask, alert, asked, Reason.ASKED, sentence)
    on = msgspec.structs.replace(snooze, until=after(ask.at, timedelta(hours=ask.hours)))
    return _yes(ask, alert, on, Reason.SNOOZED, f"{alert.id} is snoozed until {spoken(on.until)}.")


def _agree(ask: Ask, alert: Alert, snooze: Snooze) -> Verdicted:
    if snooze.state is not SnoozeState.ASKED:
        return _no(ask, Reason.NOT_ASKED, f"{snooze.id} is on already, {_already(snooze)}")
    if is_own(ask, snooze):
        return _no(ask, Reason.OWN_SNOOZE, "You asked for it: somebody else must agree.")
    on = agreed(snooze, ask, SnoozeState.ON, timedelta(hours=snooze.hours))
    sentence = f"{alert.id} is snoozed until {spoken(on.until)}."
    return _yes(ask, alert, on, Reason.AGREED, sentence)


def _wake(ask: Ask, alert: Alert, snooze: Snooze) -> Verdicted:
    change = over(snooze, ask.by, ask.at, ask.note or "it was ended by hand")
    return _yes(ask, alert, change.snooze, Reason.WOKEN, f"The snooze {snooze.id} is over.")


def _already(snooze: Snooze) -> str:
    who = snooze.by.name or snooze.by.user
    if snooze.state is SnoozeState.ASKED:
        return f"{who} has asked for that already; a second person must agree ({snooze.id})."
    return f"{who} was first: snoozed until {spoken(snooze.until)} ({snooze.id})."


# ── what follows ────────────────────────────────────────────────────────────


def _yes(ask: Ask, alert: Alert, snooze: Snooze, reason: Reason, sentence: str) -> Verdicted:
    decision = Decision(
        ask=ask,
        accepted=True,
        reason=reason,
        sentence=sentence,
        grounds=(f"snooze {snooze.id}", f"level {alert.level}"),
    )
    changed = msgspec.structs.replace(alert, snooze=snooze.id, version=alert.version + 1)
    verdict = Verdicted(
        decision=decision,
        entry=_entry(decision, snooze),
        alert=changed,
        sends=(*_redrawn(changed), said(snooze, "snooze")),
        snooze=snooze,
    )
    return out_by_decision(verdict, alert)


def _no(ask: Ask, reason: Reason, sentence: str) -> Verdicted:
    decision = refused(ask, reason, sentence)
    sends = privately(ask, sentence)
    return Verdicted(decision=decision, entry=_entry(decision, None), sends=sends)


def _entry(decision: Decision, snooze: Snooze | None) -> Entry:
    ask = decision.ask
    body = recorded(decision)
    if snooze is not None:
        body |= {"snooze": snooze.id, "scope": snooze.scope, "hours": snooze.hours}
        body |= {"rule": snooze.rule, "level": snooze.level, "until": snooze.until}
    if not decision.accepted:
        body["sentence"] = decision.sentence
    refused = "" if decision.accepted else ".refused"
    kind = f"alert.{ask.verb}{refused}"
    return Entry(kind=kind, subject=ask.alert, by=ask.by.user, at=ask.at, body=body)


def _redrawn(alert: Alert) -> tuple[Send, ...]:
    """The card shows the snooze, or no longer does."""
    return (
        Send(
            id=send_id(alert.id, SendKind.EDIT, f"snooze {alert.version}"),
            kind=SendKind.EDIT,
            subject=alert.id,
            channel=alert.channel,
            lane=Lane.CLICK,
            revision=alert.version,
        ),
    )


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


# ── doing ───────────────────────────────────────────────────────────────────


def decide(bot: Bot, ask: Ask) -> Decision:
    """Judge and record *ask*, and queue what follows."""
    decision = bot.store.decide_snooze(ask, judge)
    bot.outbox.wake()
    return decision


def find(bot: Bot, snooze_id: str) -> Snooze:
    """The snooze. Raises BadInput for an unknown id."""
    return known(bot.store.snooze(snooze_id), snooze_id, "snooze")


def end_those_due(bot: Bot) -> None:
    """End what has run out: a job."""
    now = bot.clock.now()
    if bot.store.change_snoozes(lambda standing: run_out(standing, now), iso(now)):
        bot.outbox.wake()


def settle(bot: Bot, storming: Storming) -> None:
    """End what has run out, and show what was kept quiet by snoozes that are over: a job.

    Each step leaves in the store what the next one needs, so that it goes on after a restart.
    """
    end_those_due(bot)
    now = iso(bot.clock.now())
    wakes = functools.partial(woken, now=now)
    out = 0
    while some := bot.store.bring_out(wakes, storming, now, least=SHOWN_FROM):
        out += some
    if out:
        bot.outbox.wake()


_STANDING = (SnoozeState.ASKED, SnoozeState.ON)


def standing(bot: Bot, limit: int = 100, offset: int = 0) -> Sequence[Snooze]:
    """Those asked for or on, the first to end first."""
    return bot.store.snoozes(_STANDING, limit, offset)


def how_many(bot: Bot) -> int:
    """How many are asked for or on."""
    return bot.store.how_many_snoozes(_STANDING)
