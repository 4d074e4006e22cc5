"""Who may keep what quiet for how long: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from bot.detection.filters import tells
from bot.holding import out_by_decision
from bot.model import (
    ALONE_MOST,
    Alert,
    Ask,
    Decision,
    Entry,
    Lane,
    Level,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Verb,
    moment,
    privately,
    send_id,
    snooze_key,
    spoken_id,
)
from bot.ports import Verdicted
from bot.snoozes.covering import over
from bot.standing import after, agreed, is_own, recorded, refused, said, spoken

HOURS = (1, 8, 24, 168)
"""How long an alert can be snoozed."""

ALONE_WITHIN = timedelta(hours=24)
"""All that one person alone kept quiet in this time counts together."""

LOOK_BACK = ALONE_WITHIN + timedelta(hours=ALONE_MOST)
"""How long ago a snooze may have begun that counts towards that."""


class Reason(StrEnum):
    """Why a decision about a snooze came out as it did."""

    SNOOZED = "snoozed"
    ASKED = "asked"
    AGREED = "agreed"
    WOKEN = "woken"
    NO_SUCH_ALERT = "no_such_alert"
    RESOLVED_ALREADY = "resolved_already"
    SNOOZED_ALREADY = "snoozed_already"
    NOT_OFFERED = "not_offered"
    NO_REASON = "no_reason"
    OWN_SNOOZE = "own_snooze"
    NOT_ASKED = "not_asked"
    CHANGED = "changed"
    OVER_ALREADY = "over_already"


# ── judging: pure ───────────────────────────────────────────────────────────


def about(alert: Alert) -> str:
    """A mark of what a snooze of *alert* as it is now would take for known, and of its target."""
    seen = msgspec.structs.replace(alert.seen, targets=())
    known = msgspec.json.encode((alert.level, alert.actor.principal, seen))
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


def offered(alert: Alert) -> tuple[Scope, ...]:
    """The scopes that a snooze of *alert* can have, the narrowest first.

    Where nobody is named, or we ourselves speak, quiet about "this actor" would be quiet about
    everybody; and where an alert shows several, one of them is not what people see.
    """
    actor, seen = alert.actor, alert.seen
    target = alert.target or alert.instance
    if not tells(actor) or not set(seen.actors) <= {actor.principal}:
        return (Scope.ALERT,)
    if not target or not set(seen.targets) <= {target}:
        return (Scope.ALERT, Scope.RULE_ACTOR)
    return tuple(Scope)


def judge(
    ask: Ask,
    alert: Alert | None,
    standing: Sequence[Snooze],
    lately: Sequence[Snooze] = (),
    *,
    agreeing: Sequence[str] = (),
) -> Verdicted:
    """What comes of *ask*, given the alert, the snoozes that are asked for or on, and those over
    that were asked for *lately* (`LOOK_BACK`). *agreeing* are the ids of people and user groups
    who may agree: they are called where one of them must."""
    verdict = _judged(ask, alert, standing, lately)
    if verdict.decision.reason not in _ALOUD:
        return verdict
    calling = verdict.decision.reason == Reason.ASKED
    sends = tuple(
        _aloud(send, agreeing if calling else ()) if send.kind is SendKind.NOTE else send
        for send in verdict.sends
    )
    return msgspec.structs.replace(verdict, sends=sends)


_ALOUD = frozenset({Reason.SNOOZED, Reason.ASKED, Reason.AGREED})
"""What the channel hears. That a snooze is over shows on the card, and in the thread."""


def _aloud(send: Send, called: Sequence[str]) -> Send:
    """*send*, for the channel too: who reads no thread learns what it will not hear of."""
    body = send.body | {"broadcast": True} | ({"call": list(called)} if called else {})
    # Whoever is called must not wait behind a flood: the alert is critical.
    lane = Lane.CRITICAL if called else send.lane
    return msgspec.structs.replace(send, body=body, lane=lane)


def _judged(
    ask: Ask, alert: Alert | None, standing: Sequence[Snooze], lately: Sequence[Snooze]
) -> Verdicted:
    if alert is None and ask.verb is not Verb.WAKE:
        return _no(ask, Reason.NO_SUCH_ALERT, f"There is no alert {ask.alert} (any more).")
    if alert is not None and ask.verb is Verb.SNOOZE:
        return _begin(ask, alert, standing, lately)
    found = next((one for one in standing if one.id == ask.snooze), None)
    if found is None:
        return _no(ask, Reason.OVER_ALREADY, f"The snooze {ask.snooze} is over already.")
    if alert is not None and ask.verb is Verb.AGREE:
        return _agree(ask, alert, found)
    if ask.verb is Verb.WAKE:
        return _wake(ask, alert, found)
    raise ValueError(f"{ask.verb} decides nothing about a snooze")


def _begin(
    ask: Ask, alert: Alert, standing: Sequence[Snooze], lately: Sequence[Snooze]
) -> Verdicted:
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, f"{alert.id} is resolved: nothing disturbs you.")
    if changed := _changed(ask, alert):
        return _no(ask, Reason.CHANGED, changed)
    if ask.scope is not None and ask.scope not in offered(alert):
        return _no(ask, Reason.NOT_OFFERED, _narrower(alert))
    if ask.scope is None or ask.hours not in HOURS:
        return _no(ask, Reason.NOT_OFFERED, "Choose what to snooze, and for how long.")
    if not ask.note:
        return _no(ask, Reason.NO_REASON, "Say why: whoever reads it a year later will ask.")
    key = snooze_key(ask.scope, alert)
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
        actor=alert.actor.principal if tells(alert.actor) else "",
        hours=ask.hours,
        reason=ask.note,
        by=ask.by,
        at=ask.at,
        seen=alert.seen,
        channel=alert.channel,
    )
    quiet = kept_alone((*standing, *lately), snooze)
    alone = timedelta(hours=ALONE_MOST)
    if alert.level is Level.CRITICAL and quiet + timedelta(hours=ask.hours) > alone:
        asked = msgspec.structs.replace(snooze, state=SnoozeState.ASKED)
        why = "for longer than an hour" if ask.hours > ALONE_MOST else "it was quiet lately already"
        sentence = f"A second person must agree: it is critical, and {why}."
        return _yes(ask, alert, asked, Reason.ASKED, sentence)
    on = msgspec.structs.replace(snooze, until=after(ask.at, timedelta(hours=ask.hours)))
    return _yes(ask, alert, on, Reason.SNOOZED, f"{alert.id} is snoozed until {spoken(on.until)}.")


def _narrower(alert: Alert) -> str:
    """Why *alert* cannot be snoozed by its actor, or by its target."""
    if not tells(alert.actor):
        why = "The record does not say for certain who it was"
    else:
        why = f"{alert.id} does not show one actor and one target"
    return f"{why}: snooze it alone."


def kept_alone(snoozes: Sequence[Snooze], wanted: Snooze) -> timedelta:
    """How long those of *snoozes* that nobody else agreed to keep critical alerts quiet that
    *wanted* is for too, from a day before it on: its own alert, or its rule and actor."""
    asked_at = _moment(wanted.at)
    quiet = timedelta()
    for one in snoozes:
        same = one.rule == wanted.rule and bool(one.actor) and one.actor == wanted.actor
        if one.agreed or not one.until or one.level is not Level.CRITICAL:
            continue
        if one.alert == wanted.alert or same:
            begin = max(_moment(one.at), asked_at - ALONE_WITHIN)
            end = min(one.until, one.ended.at) if one.ended else one.until
            quiet += max(timedelta(), _moment(end) - begin)
    return quiet


def _agree(ask: Ask, alert: Alert, snooze: Snooze) -> Verdicted:
    if snooze.state is not SnoozeState.ASKED:
        return _no(ask, Reason.NOT_ASKED, f"{snooze.id} is on already, {_already(snooze)}")
    if alert.resolved:
        return _no(ask, Reason.RESOLVED_ALREADY, f"{alert.id} is resolved: nothing disturbs you.")
    if not snooze.is_about(alert):
        sentence = f"{alert.id} shows more than when that was asked for. Look, and ask anew."
        return _no(ask, Reason.CHANGED, sentence)
    if is_own(ask, snooze):
        return _no(ask, Reason.OWN_SNOOZE, "You asked for it: somebody else must agree.")
    on = agreed(snooze, ask, SnoozeState.ON, timedelta(hours=snooze.hours))
    sentence = f"{alert.id} is snoozed until {spoken(on.until)}."
    return _yes(ask, alert, on, Reason.AGREED, sentence)


def _wake(ask: Ask, alert: Alert | None, snooze: Snooze) -> Verdicted:
    change = over(snooze, ask.by, ask.at, ask.note or "it was ended by hand")
    return _yes(ask, alert, change.snooze, Reason.WOKEN, f"The snooze {snooze.id} is over.")


def _moment(at: str) -> datetime:
    found = moment(at)
    if found is None:
        raise ValueError(f"{at!r} is no time of our clock")
    return found


def _already(snooze: Snooze) -> str:
    who = snooze.by.name or snooze.by.user
    if snooze.state is SnoozeState.ASKED:
        return f"{who} has asked for that already; a second person must agree ({snooze.id})."
    return f"{who} was first: snoozed until {spoken(snooze.until)} ({snooze.id})."


# ── what follows ────────────────────────────────────────────────────────────


def _yes(ask: Ask, alert: Alert | None, snooze: Snooze, reason: Reason, sentence: str) -> Verdicted:
    decision = Decision(
        ask=ask,
        accepted=True,
        reason=reason,
        sentence=sentence,
        grounds=(f"snooze {snooze.id}", f"level {alert.level if alert else snooze.level}"),
    )
    if alert is None:
        # It outlived its alert: there is no thread that could be told.
        sends = privately(ask, sentence)
        entry = _entry(decision, snooze)
        return Verdicted(decision=decision, entry=entry, sends=sends, snooze=snooze)
    changed = msgspec.structs.replace(alert, version=alert.version + 1)
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
