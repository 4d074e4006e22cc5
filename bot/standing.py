"""What stands until it is over: pure.

Snoozes and exceptions alike are proposed by one person, wait for a second one where it takes two,
are on until a time that they carry, and end by themselves or by hand. What each of them covers,
and who may do what, is in its own module.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec

from bot.errors import BadInput
from bot.model import (
    Ask,
    Decision,
    Exemption,
    ExemptionState,
    Lane,
    Mark,
    Person,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    iso,
    moment,
    send_id,
)

One = TypeVar("One", Snooze, Exemption)

OURSELVES = Person(user="callwarden", team="", name="Callwarden")
"""Who ends what ends by itself."""


def known(found: One | None, named: str, what: str) -> One:
    """*found*. Raises BadInput where nothing of the id *named* is stored; *what* is its word."""
    if found is None:
        raise BadInput(f"There is no {what} {named} (any more).", where=what)
    return found


def is_own(ask: Ask, one: Snooze | Exemption) -> bool:
    """Whether who asks is who proposed it: the second person must be another."""
    return (ask.by.user, ask.by.team) == (one.by.user, one.by.team)


def agreed(one: One, ask: Ask, state: SnoozeState | ExemptionState, lasts: timedelta) -> One:
    """*one*, on in *state* since the second person *ask*ed for that, for as long as it *lasts*."""
    return msgspec.structs.replace(
        one,
        state=state,
        until=after(ask.at, lasts),
        agreed=Mark(by=ask.by, at=ask.at),
        version=one.version + 1,
    )


def ended(one: One, state: SnoozeState | ExemptionState, by: Person, now: str, why: str) -> One:
    """*one*, over in *state*."""
    return msgspec.structs.replace(
        one, state=state, ended=Mark(by=by, at=now), why=why, version=one.version + 1
    )


def due(standing: Sequence[One], waits: timedelta, now: datetime) -> list[tuple[One, str]]:
    """Those of *standing* whose time is up, and those that nobody agreed to while they waited for
    the second person; each with the reason."""
    found: list[tuple[One, str]] = []
    for one in standing:
        if one.is_on and one.until <= iso(now):
            found.append((one, "its time is up"))
        elif not one.is_on and one.at <= iso(now - waits):
            found.append((one, "nobody agreed to it in time"))
    return found


def after(at: str, lasts: timedelta) -> str:
    """The time (ISO) so long after *at*, a time of our clock. Raises ValueError for any other."""
    began = moment(at)
    if began is None:
        raise ValueError(f"{at!r} is no time of our clock")
    return iso(began + lasts)


def spoken(at: str) -> str:
    """A time in a sentence."""
    return f"{at[:16].replace('T', ' ')} UTC"


# ── what is said and written down ───────────────────────────────────────────


def said(one: Snooze | Exemption, what: str) -> Send:
    """The announcement in the alert's thread; *what* names its id for who draws it, from how it is
    then."""
    return Send(
        id=send_id(one.id, SendKind.NOTE, one.version),
        kind=SendKind.NOTE,
        subject=one.alert,
        channel=one.channel,
        lane=Lane.ORDINARY,
        body={what: one.id, "state": one.state},
    )


def refused(ask: Ask, reason: StrEnum, sentence: str) -> Decision:
    """No, and why."""
    return Decision(ask=ask, accepted=False, reason=reason, sentence=sentence)


def recorded(decision: Decision) -> dict[str, object]:
    """What the ledger keeps of any decision about what stands."""
    ask = decision.ask
    return {
        "reason": decision.reason,
        "team": ask.by.team,
        "key": ask.key,
        "note": ask.note,
    }
