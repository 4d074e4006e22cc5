"""Alerts that people do not want to hear of for a while."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from msgspec import Struct

from bot.model.alerts import Alert, Finding, Mark, Seen
from bot.model.people import Person
from bot.model.records import Level
from bot.model.scope import Scope

ALONE_MOST = 1
"""Hours that one person alone may keep a critical alert quiet."""


class SnoozeState(StrEnum):
    """asked (a second person must agree) → on → over; or asked → over."""

    ASKED = "asked"
    ON = "on"
    OVER = "over"


class Snooze(Struct, frozen=True, kw_only=True):
    """Quiet about *scope* of *alert* until *until* (ISO, injected clock), for *reason*.

    *id* is what people say (`SN-7K2QF`). *key* is what findings and alerts are compared with, see
    `snooze_key`; *actor* is the alert's principal, "" where that tells nobody for certain. *level*
    and *seen* are what the alert had shown when it was snoozed: anything else is new context, which
    ends the snooze by itself. *hours* is what was asked for; *agreed* is the second person, where
    one was needed. *ended* says when and by whom ("callwarden" where by itself) and *why*.
    *findings* and *alerts* count what it kept quiet.
    """

    id: str
    alert: str
    rule: str
    level: Level
    headline: str
    scope: Scope
    key: str
    actor: str = ""
    hours: int
    reason: str
    by: Person
    at: str
    seen: Seen
    state: SnoozeState = SnoozeState.ON
    until: str = ""
    agreed: Mark | None = None
    ended: Mark | None = None
    why: str = ""
    findings: int = 0
    alerts: int = 0
    version: int = 1
    channel: str = ""

    @property
    def is_on(self) -> bool:
        """It keeps quiet until its time; else it waits for the second person, or is over."""
        return self.state is SnoozeState.ON

    def speaks_of(self, finding: Finding, alert_id: str) -> bool:
        """Whether it is for *finding*, which went into that alert."""
        record = finding.record
        target = record.target or record.instance
        # Most are for other rules, and a key costs more than a look.
        return self.rule == finding.rule and self.key == _key(
            self.scope, finding.rule, record.actor.principal, target, alert_id
        )

    def is_about(self, alert: Alert) -> bool:
        """Whether it is for all that *alert* shows, as it is now."""
        return (
            self.rule == alert.rule
            and self.key == snooze_key(self.scope, alert)
            and alert.level.rank <= self.level.rank
            and self._has_seen(alert.seen)
        )

    def _has_seen(self, seen: Seen) -> bool:
        known = self.seen
        return (
            set(seen.actors) <= set(known.actors)
            and set(seen.networks) <= set(known.networks)
            and set(seen.agents) <= set(known.agents)
            and (known.succeeded or not seen.succeeded)
            and (
                self.scope is not Scope.RULE_ACTOR_TARGET or set(seen.targets) <= set(known.targets)
            )
        )

    def quiets(self, alert: Alert, now: str) -> bool:
        """Whether nobody shall be disturbed about *alert*, as it is now, at *now* (ISO)."""
        enough = self.agreed is not None or self.hours <= ALONE_MOST
        return (
            self.is_on
            and now < self.until
            and (enough or alert.level is not Level.CRITICAL)
            and self.is_about(alert)
        )


def snooze_key(scope: Scope, alert: Alert) -> str:
    """What a snooze of *scope* that is for *alert* is recognised by."""
    target = alert.target or alert.instance
    return _key(scope, alert.rule, alert.actor.principal, target, alert.id)


def _key(scope: Scope, rule: str, principal: str, target: str, alert_id: str) -> str:
    parts = {
        Scope.ALERT: (alert_id,),
        Scope.RULE_ACTOR_TARGET: (rule, principal, target),
        Scope.RULE_ACTOR: (rule, principal),
    }[scope]
    return hashlib.sha256("\n".join((scope, *parts)).encode("utf-8", "surrogatepass")).hexdigest()
