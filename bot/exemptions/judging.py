"""Who may have something expected, what comes of it, and how it ends: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from bot.detection.filters import as_sigma
from bot.exemptions.matching import backtest, choices, unfit
from bot.holding import out_by_decision
from bot.model import (
    Alert,
    Ask,
    Aspect,
    Decision,
    Entry,
    Exemption,
    ExemptionState,
    Past,
    Record,
    SendKind,
    Verb,
    iso,
    moment,
    privately,
    spoken_id,
)
from bot.ports import ExemptionChange, Verdicted
from bot.standing import (
    OURSELVES,
    agreed,
    due,
    ended,
    is_own,
    recorded,
    refused,
    said,
    spoken,
)

DAYS = (30, 90, 180)
"""How long something can be expected. There is no "for ever"."""

PROPOSED_MOST = timedelta(days=7)
"""How long a proposal waits for the second person."""


class Reason(StrEnum):
    """Why a decision about an exception came out as it did."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ENDED = "ended"
    NO_SUCH_ALERT = "no_such_alert"
    NO_RECORD = "no_record"
    NEVER_EXPECTED = "never_expected"
    NOT_OFFERED = "not_offered"
    NO_REASON = "no_reason"
    EXPECTED_ALREADY = "expected_already"
    OWN_PROPOSAL = "own_proposal"
    NOT_PROPOSED = "not_proposed"
    OVER_ALREADY = "over_already"


_KINDS = {
    Verb.EXCEPT: "except.proposed",
    Verb.AGREE_EXCEPT: "except.agreed",
    Verb.UNEXCEPT: "except.over",
}


# ── judging: pure ───────────────────────────────────────────────────────────


def judge(
    ask: Ask,
    alert: Alert | None,
    standing: Sequence[Exemption],
    *,
    record: Record | None = None,
    past: Sequence[Past] = (),
) -> Verdicted:
    """What comes of *ask*, given the alert and the exceptions that are proposed or on.

    A proposal is made from *record*, one of the alert's, and tested with *past* findings of its
    rule.
    """
    if ask.verb is Verb.EXCEPT:
        if alert is None:
            return _no(ask, Reason.NO_SUCH_ALERT, f"There is no alert {ask.alert} (any more).")
        return _in_thread(_propose(ask, alert, standing, record, past), alert)
    found = next((one for one in standing if one.id == ask.exemption), None)
    if found is None:
        return _no(ask, Reason.OVER_ALREADY, f"The exception {ask.exemption} is over already.")
    if ask.verb is Verb.AGREE_EXCEPT:
        return _in_thread(_agree(ask, found), alert)
    if ask.verb is Verb.UNEXCEPT:
        return _in_thread(_end(ask, found), alert)
    raise ValueError(f"{ask.verb} decides nothing about an exception")


def _in_thread(verdict: Verdicted, alert: Alert | None) -> Verdicted:
    """What is said of an exception needs its alert's card; it may outlive its alert, and then
    there is no thread that could be told."""
    if alert is not None:
        return out_by_decision(verdict, alert) if verdict.decision.accepted else verdict
    left = tuple(send for send in verdict.sends if send.kind is not SendKind.NOTE)
    return msgspec.structs.replace(verdict, sends=left)


def _propose(
    ask: Ask,
    alert: Alert,
    standing: Sequence[Exemption],
    record: Record | None,
    past: Sequence[Past],
) -> Verdicted:
    if record is None:
        return _no(ask, Reason.NO_RECORD, f"The records of {alert.id} have passed their retention.")
    offered = choices(record)
    if why := unfit(alert.rule, offered):
        return _no(ask, Reason.NEVER_EXPECTED, why)
    chosen = tuple(one for one in offered if one.aspect in ask.equal)
    if Aspect.ACTOR not in ask.equal or len(chosen) < len(set(ask.equal)):
        return _no(ask, Reason.NOT_OFFERED, "Choose what must be equal; the actor always is.")
    if ask.days not in DAYS:
        return _no(ask, Reason.NOT_OFFERED, "Choose for how long: nothing is expected for ever.")
    if not ask.note:
        return _no(ask, Reason.NO_REASON, "Say why: whoever reads it a year later will ask.")
    same = (one for one in standing if (one.rule, one.conditions) == (alert.rule, chosen))
    if twin := next(same, None):
        return _no(ask, Reason.EXPECTED_ALREADY, _already(twin))
    draft = Exemption(
        id=spoken_id("EX", ask.key),
        alert=alert.id,
        rule=alert.rule,
        level=alert.level,
        headline=alert.headline,
        actor=record.actor,
        conditions=chosen,
        days=ask.days,
        reason=ask.note,
        by=ask.by,
        at=ask.at,
        channel=alert.channel,
        backtest=backtest(chosen, alert.level, past, _moment(ask.at)),
    )
    proposed = msgspec.structs.replace(draft, sigma=as_sigma(draft))
    sentence = f"{proposed.id} is proposed. It begins when somebody else agrees."
    return _yes(ask, proposed, Reason.PROPOSED, sentence)


def _agree(ask: Ask, found: Exemption) -> Verdicted:
    if found.state is not ExemptionState.PROPOSED:
        return _no(ask, Reason.NOT_PROPOSED, f"{found.id} is on already. {_already(found)}")
    if is_own(ask, found):
        return _no(ask, Reason.OWN_PROPOSAL, "You proposed it: somebody else must agree.")
    on = agreed(found, ask, ExemptionState.ON, timedelta(days=found.days))
    return _yes(ask, on, Reason.AGREED, f"{on.id} is on until {spoken(on.until)}.")


def _end(ask: Ask, found: Exemption) -> Verdicted:
    by_hand = "it was removed by hand" if found.agreed else "it was not agreed to"
    over = ended(found, ExemptionState.OVER, ask.by, ask.at, ask.note or by_hand)
    return _yes(ask, over, Reason.ENDED, f"The exception {found.id} is over.")


def run_out(standing: Sequence[Exemption], now: datetime) -> list[ExemptionChange]:
    """Those whose time is up, and those that nobody agreed to in time."""
    return [_ended(one, iso(now), why) for one, why in due(standing, PROPOSED_MOST, now)]


def _ended(one: Exemption, now: str, why: str) -> ExemptionChange:
    """*one* is over by itself: said in the thread that it began in, and in the ledger."""
    over = ended(one, ExemptionState.OVER, OURSELVES, now, why)
    entry = Entry(
        kind="except.over", subject=one.alert, by=OURSELVES.user, at=now, body=_body(over)
    )
    return ExemptionChange(exemption=over, entry=entry, sends=(said(over, "exemption"),))


def _already(one: Exemption) -> str:
    who = one.by.name or one.by.user
    if one.state is ExemptionState.PROPOSED:
        return f"{who} has proposed that already; a second person must agree ({one.id})."
    return f"{who} was first: expected until {spoken(one.until)} ({one.id})."


def _moment(at: str) -> datetime:
    found = moment(at)
    if found is None:
        raise ValueError(f"{at!r} is no time of our clock")
    return found


# ── what follows ────────────────────────────────────────────────────────────


def _yes(ask: Ask, exemption: Exemption, reason: Reason, sentence: str) -> Verdicted:
    decision = Decision(
        ask=ask,
        accepted=True,
        reason=reason,
        sentence=sentence,
        grounds=(f"exception {exemption.id}", f"level {exemption.level}"),
    )
    entry = _entry(_KINDS[ask.verb], decision, _body(exemption))
    return Verdicted(
        decision=decision, entry=entry, sends=(said(exemption, "exemption"),), exemption=exemption
    )


def _no(ask: Ask, reason: Reason, sentence: str) -> Verdicted:
    decision = refused(ask, reason, sentence)
    body: dict[str, object] = {"verb": ask.verb, "exception": ask.exemption, "sentence": sentence}
    entry = _entry("except.refused", decision, body)
    return Verdicted(decision=decision, entry=entry, sends=privately(ask, sentence))


def _entry(kind: str, decision: Decision, more: dict[str, object]) -> Entry:
    ask = decision.ask
    body = recorded(decision) | more
    return Entry(kind=kind, subject=ask.alert, by=ask.by.user, at=ask.at, body=body)


def _body(one: Exemption) -> dict[str, object]:
    """What the ledger keeps of an exception: enough to know a year later what was hidden."""
    return {
        "exception": one.id,
        "rule": one.rule,
        "level": one.level,
        "conditions": {condition.aspect: condition.value for condition in one.conditions},
        "days": one.days,
        "until": one.until,
        "would_have_hidden": f"{one.backtest.hidden} of {one.backtest.found}",
        "hits": one.hits,
        "why": one.why,
    }
