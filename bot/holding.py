"""What brings out a card that a snooze or a storm holds back: pure.

An alert that is held has no card, so nothing can be said in its thread: whatever speaks of it
there brings the card out first. The card says why it comes so late, and so does the ledger.
"""

from __future__ import annotations

import msgspec

from bot.model import Alert, Entry, Person, Release, SendKind, first_card
from bot.ports import Folded, Verdicted


def released(alert: Alert, why: str, now: str) -> Alert:
    """*alert*, held by nothing any more, since *why*."""
    return msgspec.structs.replace(
        alert, held="", released=Release(held=alert.held, why=why, at=now)
    )


def out_by_itself(alert: Alert, why: str, by: Person, now: str) -> Folded:
    """*alert*, which is held, with its card and its line for the ledger."""
    out = released(alert, why, now)
    body: dict[str, object] = {"held": alert.held, "why": why}
    entry = Entry(kind="alert.out", subject=alert.id, by=by.user, at=now, body=body)
    return Folded(alert=out, sends=(first_card(out),), entry=entry)


def out_by_decision(verdict: Verdicted, alert: Alert) -> Verdicted:
    """*verdict*, which was accepted, about *alert* as it was before: where that is held its card
    goes out, first, in place of an edit."""
    if not alert.held:
        return verdict
    ask = verdict.decision.ask
    changed = verdict.alert or msgspec.structs.replace(alert, version=alert.version + 1)
    out = released(changed, f"{ask.by.name or ask.by.user} decided about it", ask.at)
    others = tuple(send for send in verdict.sends if send.kind is not SendKind.EDIT)
    body = verdict.entry.body | {"held": alert.held}
    return msgspec.structs.replace(
        verdict,
        alert=out,
        sends=(first_card(out), *others),
        entry=msgspec.structs.replace(verdict.entry, body=body),
    )
