"""What is always expected: findings that open no alert, while an exception is on."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from bot.model.alerts import Mark
from bot.model.people import Person
from bot.model.records import Actor, Level, Record


class Aspect(StrEnum):
    """What of a record an exception compares."""

    ACTOR = "actor"  # the principal
    TARGET = "target"
    NETWORK = "network"  # the /24 or /48 of the source address, or a service's name
    NAME = "name"  # the event's name
    ACCOUNT = "account"


class Clause(Struct, frozen=True, kw_only=True):
    """The *aspect* must be *value*. *field* is where CloudTrail has a target, dotted."""

    aspect: Aspect
    value: str
    field: str = ""


class Past(Struct, frozen=True, kw_only=True):
    """A finding that is stored, without its record's raw bytes."""

    time: str
    level: Level
    record: Record


class Backtest(Struct, frozen=True, kw_only=True):
    """What an exception would have done: *hidden* of *found* findings of the last *days* days.

    *stays* are lines about the newest of those that it would not have hidden.
    """

    found: int = 0
    hidden: int = 0
    days: int = 0
    stays: tuple[str, ...] = ()


class Choice(Struct, frozen=True, kw_only=True):
    """A condition that can be chosen; with the actor alone it would have *hidden* so many.

    *name* is what people recognise its value by.
    """

    condition: Clause
    name: str
    hidden: int


class Offer(Struct, frozen=True, kw_only=True):
    """What an exception can be made of; *test* is of all choices together, and *record* the id of
    the record that all is taken from. Without choices *why* says what stands against it.
    """

    choices: tuple[Choice, ...] = ()
    test: Backtest = Backtest()
    why: str = ""
    record: str = ""


class ExemptionState(StrEnum):
    """proposed (a second person must agree) → on → over; or proposed → over."""

    PROPOSED = "proposed"
    ON = "on"
    OVER = "over"


class Exemption(Struct, frozen=True, kw_only=True):
    """What *rule* says where all *conditions* hold is expected, for *reason*.

    *id* is what people say (`EX-7K2QF`). *alert* is the one that it was proposed at, *level* the
    level that had then: what is worse is never hidden. It ends at *until* (ISO, injected clock),
    *days* after the second person *agreed*; *ended* says when and by whom ("callwarden" where by
    itself) and *why*. *sigma* is the same as a Sigma filter, for use elsewhere; *backtest* what was
    shown with the proposal. *hits* counts the findings it hid, *last_hit* is the latest one's time.
    """

    id: str
    alert: str
    rule: str
    level: Level
    headline: str
    actor: Actor
    conditions: tuple[Clause, ...]
    days: int
    reason: str
    by: Person
    at: str
    state: ExemptionState = ExemptionState.PROPOSED
    until: str = ""
    agreed: Mark | None = None
    ended: Mark | None = None
    why: str = ""
    hits: int = 0
    last_hit: str = ""
    version: int = 1
    channel: str = ""
    sigma: str = ""
    backtest: Backtest = Backtest()

    @property
    def is_on(self) -> bool:
        """It hides until its time; else it waits for the second person, or is over."""
        return self.state is ExemptionState.ON
