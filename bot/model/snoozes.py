"""Alerts that people do not want to hear of for a while."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from bot.model.alerts import Mark, Seen
from bot.model.people import Person
from bot.model.records import Level
from bot.model.scope import Scope


class SnoozeState(StrEnum):
    """asked (a second person must agree) → on → over; or asked → over."""

    ASKED = "asked"
    ON = "on"
    OVER = "over"


class Snooze(Struct, frozen=True, kw_only=True):
    """Quiet about *scope* of *alert* until *until* (ISO, injected clock), for *reason*.

    *id* is what people say (`SN-7K2QF`). *key* is what a finding is compared with: see
    `snoozes.keys_of`. *seen* is what the alert had shown when it was snoozed: anything else is new
    context, which ends the snooze by itself. *hours* is what was asked for; *agreed* is the second
    person, where one was needed. *ended* says when and by whom ("callwarden" where by itself) and
    *why*. *findings* and *alerts* count what it kept quiet.
    """

    id: str
    alert: str
    rule: str
    level: Level
    headline: str
    scope: Scope
    key: str
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
