"""An alert may stand for others: while a trail is stopped, "no records" is no news.

A rule's file says what its alerts stand for (`stands_for`). While such an alert is open, what it
stands for is stored and folded as ever, and said on it and in the ledger, but has no card of its
own and calls nobody. It speaks for itself as soon as the alert is resolved, snoozed or out of
sight. An alert stands for another only

- where it is at least as severe: nothing hides a critical alert but a critical one;
- where people see it: its card is not held back, and nobody snoozed it;
- where something was done: a refused try explains nothing;
- in the same account; where none is known of the other, nothing stands for it;
- where the other began before it, or up to an hour after it was known.

What is over by itself meanwhile (records come again) is resolved together with the alert that
stood for it. Nobody but people resolves anything: until then both are open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from bot.holding import released
from bot.model import (
    Alert,
    AlertState,
    Entry,
    Finding,
    Mark,
    SendKind,
    Snooze,
    first_card,
    iso,
    moment,
)
from bot.ports import Bot, Folded, Inhibiting
from bot.telling import edit, kept, told

BEGINS_WITHIN = timedelta(hours=1)
"""How much later than an alert what it explains may begin. CloudTrail delivers within about 5
minutes on average, and does not promise it."""

OURSELVES = "callwarden"


class Inhibition:
    """`ports.Inhibiting`. *relations* is rule → the rules whose alerts its own stand for."""

    def __init__(self, relations: Mapping[str, Sequence[str]]) -> None:
        standing: dict[str, list[str]] = defaultdict(list)
        for rule, others in relations.items():
            for other in others:
                standing[other].append(rule)
        self._standing = {rule: tuple(by) for rule, by in standing.items()}

    def standing_for(self, rule: str) -> Sequence[str]:
        """The rules whose alerts may stand for those of *rule*."""
        return self._standing.get(rule, ())

    def inhibited(
        self,
        folded: Folded,
        finding: Finding,
        others: Sequence[Alert],
        snoozes: Sequence[Snooze],
        now: str,
    ) -> Folded:
        """*folded*, without its card where one of *others* stands for it."""
        if not any(send.kind is SendKind.CARD for send in folded.sends):
            return folded
        able = [
            other
            for other in others
            if stands(other, folded.alert, snoozes, now) and explains(other, finding)
        ]
        if not able:
            return folded
        before = folded.alert.inhibitor
        chosen = next((other for other in able if other.id == before), able[0])
        alert = msgspec.structs.replace(
            folded.alert, inhibitor=chosen.id, held=chosen.id, released=None
        )
        if chosen.id == before:
            return msgspec.structs.replace(folded, alert=alert, sends=(), entry=None)
        began = finding.since or finding.record.happened(now)
        line = f"this alert stands for {alert.id}: {alert.headline} ({began})"
        saying = msgspec.structs.replace(
            chosen, version=chosen.version + 1, news=kept((*chosen.news, line))
        )
        return msgspec.structs.replace(
            folded,
            alert=alert,
            sends=(edit(saying, now), *told(saying, (line,))),
            inhibitor=saying,
            entry=_entry("inhibit.begin", alert, chosen, OURSELVES, now),
        )

    def settled(
        self,
        alert: Alert,
        inhibitor: Alert | None,
        snoozes: Sequence[Snooze],
        over: bool,
        now: str,
    ) -> Folded | None:
        """What becomes of the inhibited *alert* as things are now; None where it stays so."""
        if inhibitor is None:
            return _brought_out(alert, None, "is not kept any more", now)
        if inhibitor.resolved:
            if over:
                return _resolved_with(alert, inhibitor, inhibitor.resolved, now)
            return _brought_out(alert, inhibitor, "is resolved", now)
        if over or stands(inhibitor, alert, snoozes, now):
            return None
        return _brought_out(alert, inhibitor, "is quiet itself", now)


NONE: Inhibiting = Inhibition({})
"""No alert stands for another."""


# ── judging: pure ───────────────────────────────────────────────────────────


def stands(other: Alert, alert: Alert, snoozes: Sequence[Snooze], now: str) -> bool:
    """Whether people see *other*, and it is severe enough to stand for *alert*."""
    snoozed = any(one.quiets(other, now) for one in snoozes)
    seen = not (other.resolved or other.held or snoozed)
    return seen and other.id != alert.id and other.level.rank >= alert.level.rank


def explains(other: Alert, finding: Finding) -> bool:
    """Whether what *other* is about was done, where *finding* is about and before it began."""
    accounts = finding.accounts or (finding.record.account,)
    if not (other.seen.succeeded and other.account and other.account in accounts):
        return False
    began, known = moment(finding.since), moment(max(other.opened_at, other.last_time))
    return began is None or known is None or began <= known + BEGINS_WITHIN


def _brought_out(alert: Alert, inhibitor: Alert | None, why: str, now: str) -> Folded:
    """*alert* with its card: what calls people about it counts from now."""
    line = f"{alert.inhibitor} stood for it and {why} ({now})"
    out = released(alert, f"{alert.inhibitor} {why}", now)
    out = msgspec.structs.replace(out, version=out.version + 1, news=kept((*out.news, line)))
    entry = _entry("inhibit.end", out, inhibitor, OURSELVES, now, why=f"{alert.inhibitor} {why}")
    return Folded(alert=out, sends=(first_card(out),), entry=entry)


def _resolved_with(alert: Alert, inhibitor: Alert, mark: Mark, now: str) -> Folded:
    """*alert*, resolved as the one that stood for it was: nobody has seen its card, and what it
    is about is over. Its card stays held back, so that re-opening it brings it out."""
    why = f"It was over by itself when {inhibitor.id}, which stood for it, was resolved."
    done = msgspec.structs.replace(
        alert,
        state=AlertState.RESOLVED,
        resolved=Mark(by=mark.by, at=now),
        verdict=inhibitor.verdict,
        note=why,
        version=alert.version + 1,
    )
    return Folded(alert=done, entry=_entry("inhibit.end", done, inhibitor, mark.by.user, now, why))


def _entry(
    kind: str, alert: Alert, inhibitor: Alert | None, by: str, now: str, why: str = ""
) -> Entry:
    body: dict[str, object] = {
        "inhibitor": alert.inhibitor,
        "rule": alert.rule,
        "level": alert.level,
    }
    if inhibitor is not None:
        body |= {"inhibitor_rule": inhibitor.rule, "inhibitor_level": inhibitor.level}
    if why:
        body |= {"why": why}
    if alert.resolved:
        body |= {"verdict": alert.verdict}
    return Entry(kind=kind, subject=alert.id, by=by, at=now, body=body)


# ── doing ───────────────────────────────────────────────────────────────────


def settle(bot: Bot, rules: Inhibiting) -> None:
    """Let those speak for themselves that nothing stands for any more: a job."""
    if bot.store.settle_inhibited(rules, iso(bot.clock.now())):
        bot.outbox.wake()
