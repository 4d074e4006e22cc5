"""What an exception covers, and what it would have covered: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.detection.document import BROKEN, decode
from bot.detection.filters import tells
from bot.detection.resources import target_field
from bot.detection.rule import BROKEN_RULE
from bot.model import (
    Aspect,
    Backtest,
    Clause,
    Exemption,
    ExemptionState,
    Finding,
    Level,
    Past,
    Record,
    moment,
)
from bot.novelty import network

_STAYS = 5
_READ: Mapping[Aspect, Callable[[Record], str]] = {
    Aspect.ACTOR: lambda record: record.actor.principal,
    Aspect.TARGET: lambda record: record.target,
    # A name that reads like a network is in none.
    Aspect.NETWORK: lambda record: "" if "/" in record.source_ip else network(record.source_ip),
    Aspect.NAME: lambda record: record.name,
    Aspect.ACCOUNT: lambda record: record.account,
}


def value_of(aspect: Aspect, record: Record) -> str:
    """What *record* shows of *aspect*; "" where it shows nothing."""
    return _READ[aspect](record)


def choices(record: Record) -> tuple[Clause, ...]:
    """What can be compared with *record*, the actor first; nothing where it names none.

    Only what a Sigma filter can say too is offered.
    """
    field = _target_field(record)
    found = tuple(
        Clause(aspect=one, value=value, field=field if one is Aspect.TARGET else "")
        for one in Aspect
        if (value := value_of(one, record)) and (one is not Aspect.TARGET or field)
    )
    if not any(one.aspect is Aspect.ACTOR for one in found):
        return ()
    return found if tells(record.actor) else ()


def _target_field(record: Record) -> str:
    try:
        return target_field(decode(record.raw), record.raw)
    except BROKEN:
        return ""


def unfit(rule: str, conditions: Sequence[Clause]) -> str:
    """Why *rule* cannot have an exception with any of *conditions*, or ""."""
    if rule == BROKEN_RULE:
        return "That a rule is broken is never expected: mend the rule."
    if not conditions:
        return "The record does not say for certain who it was, so nothing can be expected of them."
    return ""


def holds(conditions: Iterable[Clause], record: Record) -> bool:
    """Whether *record* shows all of *conditions*, to the letter."""
    return all(one.value and value_of(one.aspect, record) == one.value for one in conditions)


def exempted(finding: Finding, exemptions: Sequence[Exemption], now: str) -> Exemption | None:
    """The first of *exemptions* by which *finding* is expected, with this hit counted."""
    for one in exemptions:
        if covers(one, finding, now):
            time = finding.record.happened(now)
            return msgspec.structs.replace(one, hits=one.hits + 1, last_hit=max(one.last_hit, time))
    return None


def covers(one: Exemption, finding: Finding, now: str) -> bool:
    """Whether *one* is on and about *finding*."""
    return (
        one.state is ExemptionState.ON
        and now < one.until
        and one.rule == finding.rule
        and finding.level.rank <= one.level.rank
        and bool(one.conditions)
        and holds(one.conditions, finding.record)
    )


def backtest(
    conditions: Sequence[Clause], level: Level, past: Sequence[Past], now: datetime
) -> Backtest:
    """What an exception of *conditions* up to *level* would have done to *past*, newest first."""
    left = [one for one in past if not _hides(conditions, level, one)]
    oldest = moment(past[-1].time) if past else None
    days = max(1, -((oldest - now) // timedelta(days=1))) if oldest else 0
    return Backtest(
        found=len(past),
        hidden=len(past) - len(left),
        days=days,
        stays=tuple(_line(one) for one in left[:_STAYS]),
    )


def _hides(conditions: Sequence[Clause], level: Level, one: Past) -> bool:
    return one.level.rank <= level.rank and holds(conditions, one.record)


def _line(one: Past) -> str:
    record = one.record
    on = f" on {record.target[:80]}" if record.target else ""
    who = (record.actor.name or record.actor.principal or "unknown")[:80]
    return f"{who}: {record.name[:80]}{on} from {record.source_ip[:60] or '?'} ({one.time})"
