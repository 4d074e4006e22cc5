"""What is new: an actor, a network, a program, a success after refusals, a higher level."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from bot.model import Finding, Level, Record, Seen

SEEN_KEPT = 200
"""Actors, networks or agents that are told apart; one actor more opens another alert."""

_VERSION = re.compile(r"\d[\w.+-]*")


def news(seen: Seen, level: Level, finding: Finding, time: str, origin: str = "") -> list[str]:
    """What *finding* shows that was not *seen* at *level* before, one line each; *origin* says
    whose its address is."""
    record = finding.record
    lines: list[str] = []
    if finding.level.rank > level.rank:
        lines.append(f"level {finding.level}")
    if not record.failed and not seen.succeeded:
        lines.append(f"{record.name} succeeded after being refused")
    if _unseen(principal(record), seen.actors):
        lines.append(f"actor {record.actor.name or 'unknown'}")
    where = network(record.source_ip)
    if _unseen(where, seen.networks):
        named = f"{where}, {origin}" if origin else where
        lines.append(f"network {named}{_last(seen.networks, 'networks')}")
    if _unseen(agent(record.user_agent), seen.agents):
        lines.append(f"program {record.user_agent[:120]}{_last(seen.agents, 'programs')}")
    return [f"{line} ({time})" for line in lines]


def _unseen(value: str, seen: tuple[str, ...]) -> bool:
    return bool(value) and value not in seen and len(seen) < SEEN_KEPT


def _last(seen: tuple[str, ...], what: str) -> str:
    """From here on silence does not mean that nothing is new, so it is said once."""
    full = len(seen) == SEEN_KEPT - 1
    return f"; it is one of {SEEN_KEPT} {what}, more are not told apart" if full else ""


def seeing(seen: Seen, record: Record) -> Seen:
    """*seen*, and what *record* shows too."""
    return Seen(
        actors=_with(seen.actors, principal(record)),
        networks=_with(seen.networks, network(record.source_ip)),
        agents=_with(seen.agents, agent(record.user_agent)),
        targets=_with(seen.targets, record.target or record.instance),
        succeeded=seen.succeeded or not record.failed,
    )


def _with(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return (*values, value) if _unseen(value, values) else values


def principal(record: Record) -> str:
    """Somebody whom the record does not name is somebody too."""
    return record.actor.principal or "unknown"


def network(source_ip: str) -> str:
    """The /24 (IPv4) or /48 (IPv6) of an address; a service's name stands for itself."""
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    return str(ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def agent(user_agent: str) -> str:
    """The program without its versions, so that an update is not news."""
    return _VERSION.sub("#", user_agent)[:120]
