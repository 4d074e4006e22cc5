"""Why a baseline speaks, for people."""

from __future__ import annotations

from bot.detection.baseline.features import Caller
from bot.model.evidence import Row

_WHAT = {
    "region": "new Region {}",
    "instance": "new instance {}",
    "network": "new network {}",
    "agent": "new kind of client {}",
    "error": "first {}",
    "hour": "first activity on {}h UTC",
}


def first_seen(
    caller: Caller, new: list[tuple[str, str, str]], active: Row | None, name: str, hour: int
) -> str:
    """*new* are (dimension, value, what peers do), the most surprising first."""
    parts = []
    told = False
    for dimension, value, peers in new:
        if dimension == "operation":
            parts.append(f"first {name} by {caller.actor.name}{_over(active, hour)}")
            told = True
        elif dimension == "principal":
            parts.append(f"first record of {caller.actor.name}")
            told = True
            continue
        else:
            parts.append(_WHAT[dimension].format(value))
        if peers:
            parts.append(peers)
    sentence = "; ".join(parts)
    if told:
        return sentence
    return f"{sentence}: {name} by {caller.actor.name}{_over(active, hour, ' seen')}"


def rate(caller: Caller, kind: str, source: str, count: int, mean: float, active: Row) -> str:
    """A class of calls came much more often than it does."""
    usual = f"{mean:.1f}" if mean < 10 else f"{mean:.0f}"
    return (
        f"{count} or more {kind} calls to {source} within an hour by {caller.actor.name}; "
        f"usual are {usual} an active hour ({active.weight:.0f} such hours of evidence)"
    )


def peers_do(row: Row | None, hour: int) -> str:
    """How many of the peer group show it, and how often each of them does."""
    if row is None or row.novel < 1:
        return ""
    peers = round(row.novel)
    days = max(1.0, (hour - row.first) / 24)
    each = row.hours / peers / days
    often = "daily" if each >= 0.7 else "weekly" if each >= 0.1 else "now and then"
    return f"{peers} peer{'s do' if peers > 1 else ' does'} it {often}"


def _over(active: Row | None, hour: int, seen: str = "") -> str:
    if active is None or not active.hours:
        return ""
    days, hours = max(1, (hour - active.first) // 24), round(active.hours)
    span = f"{seen} in {days:,} day{'s' if days > 1 else ''}"
    return f"{span} ({hours:,} active hour{'s' if hours > 1 else ''})"
