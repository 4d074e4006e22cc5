"""Why a baseline speaks, for people."""

from __future__ import annotations

from msgspec import Struct

from bot.detection.baseline.features import Caller, Feature
from bot.detection.baseline.learning import Burst
from bot.detection.baseline.scoring import LEAST_HOURS
from bot.detection.baseline.surprise import New, Others
from bot.detection.origin import NOWHERE, Origin
from bot.model import counted
from bot.model.evidence import Row

_NEW = {
    "region": "new Region {}",
    "instance": "new instance {}",
    "network": "new network {}",
    "country": "new country {}",
    "asn": "new network owner {}",
    "agent": "new kind of client {}",
    "error": "first {}",
    "hour": "first activity on a {}",
}

_DO = {
    "operation": ("does it", "do it"),
    "region": ("works there", "work there"),
    "instance": ("works on it", "work on it"),
    "network": ("comes from there", "come from there"),
    "country": ("comes from there", "come from there"),
    "asn": ("comes from there", "come from there"),
    "agent": ("uses it", "use it"),
    "error": ("gets it", "get it"),
    "hour": ("works then", "work then"),
}
"""Dimension → what one does who shows it, and what several do."""

_KINDS = {
    "IAMUser": "IAM users",
    "AWSService": "AWS services",
    "AWSAccount": "other accounts",
    "Root": "root users",
    "IdentityCenterUser": "Identity Center users",
    "SAMLUser": "SAML users",
}
_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_LONGEST = 120
"""Characters of a value: whoever calls may choose it."""


class Known(Struct, frozen=True, gc=False):
    """What is known of a caller in the *hour* of a record: the row of its active hours, how many
    others its group has, and whose the address is and where."""

    hour: int
    active: Row
    peers: int
    origin: Origin = NOWHERE


def first_seen(caller: Caller, new: list[New], name: str, known: Known) -> str:
    """What is new about a call of *name*, the most surprising first."""
    told = [one for one in new if one.feature.dimension not in ("operation", "principal")]
    operation = next((one for one in new if one.feature.dimension == "operation"), None)
    newcomer = any(one.feature.dimension == "principal" for one in new)
    who = caller.actor.name
    parts: list[str] = []
    if newcomer:
        # To somebody who was never seen all is new: told is what is new to the account.
        told = [one for one in told if one.account is None and one.feature.dimension != "hour"]
        parts.append(f"{name} by {who}, never seen before")
    elif operation is not None:
        parts.append(f"first {name} by {who}{_span(operation, known)}")
    if operation is not None and (others := _others(operation, caller, known)):
        parts.append(others)
    for one in told:
        parts.append(_NEW[one.feature.dimension].format(_value(one.feature, known.origin)))
        if others := _others(one, caller, known):
            parts.append(others)
    reasons = "; ".join(parts)
    if newcomer or operation is not None:
        return reasons
    seen = f"seen for {_days(known.hour - known.active.first)} ({_hours(known.active)})"
    return f"{name} by {who}, {seen}: {reasons}"


def rate(caller: Caller, source: str, burst: Burst) -> str:
    """A class of calls came much more often than it does."""
    usual = f"{burst.usual:.1f}" if burst.usual < 10 else f"{burst.usual:.0f}"
    what = f"{burst.count:,} or more {burst.kind} calls to {source} within an hour by"
    hours = counted(round(burst.hours), "such hour")
    if burst.hours < LEAST_HOURS:
        peers = f"peers ({_group(caller)}) make {usual} an active hour"
        return f"{what} {caller.actor.name}; {peers} (own history: {hours})"
    return f"{what} {caller.actor.name}; usual are {usual} an active hour ({hours} of evidence)"


def _value(feature: Feature, origin: Origin) -> str:
    if feature.dimension == "network" and origin.text:
        return f"{feature.value}, {origin.text}"
    if feature.dimension == "asn" and origin.owner:
        return f"{feature.value} {origin.owner}"
    if feature.dimension != "hour":
        return feature.value[:_LONGEST]
    day, _, hour = feature.value.partition(" ")
    return f"{_DAYS[day]} at {hour}:00 UTC"


def _others(one: New, caller: Caller, known: Known) -> str:
    """How many others show it, and how often each of them does."""
    dimension, peers = one.feature.dimension, known.peers
    does, do = _DO[dimension]
    if one.account is None:
        return f"nobody else in this account {does}"
    group = f"peers ({_group(caller)})"
    if peers < 1:
        many = one.account.number
        return f"{counted(many, 'other')} in this account {does if many == 1 else do}"
    if one.group is None:
        return f"none of {peers:,} {group} {does}" if dimension == "operation" else ""
    # Who was forgotten and came again was counted twice.
    many = min(one.group.number, peers)
    often = f" {often}" if (often := _often(one.group, known.hour)) and dimension != "hour" else ""
    return f"{many:,} of {peers:,} {group} {does if many == 1 else do}{often}"


def _often(others: Others, hour: int) -> str:
    """On how many days each of them shows it, in a word; "" where that is too early to tell."""
    each = others.days / max(1, others.number)
    if each < 2:
        return ""
    share = each / max(7.0, (hour - others.since) / 24)
    if share >= 0.4:
        # Nobody works on all of the days of a week.
        return "daily"
    return "weekly" if share >= 0.1 else "monthly" if share >= 0.02 else "now and then"


def _group(caller: Caller) -> str:
    if caller.group == "Connect users":
        return caller.group
    _, role, name = caller.group.rpartition("/")
    return f"role {name}" if role else _KINDS.get(caller.group, caller.group)


def _span(one: New, known: Known) -> str:
    """Over what time they were seen without it."""
    if one.last:
        return f" in {_days(known.hour - one.last)}"
    return f" in {_days(known.hour - known.active.first)} ({_hours(known.active)})"


def _days(hours: int) -> str:
    days = max(1, hours // 24)
    return f"{days:,} day{'s' if days > 1 else ''}"


def _hours(active: Row) -> str:
    hours = round(active.hours)
    return f"{hours:,} active hour{'s' if hours != 1 else ''}"
