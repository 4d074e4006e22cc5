"""A record's caller and its features: what is compared with what was usual."""

from __future__ import annotations

from bot.detection.actor import actor_of
from bot.detection.baseline.features import (
    Caller,
    Feature,
    caller,
    family,
    feature,
    hour_of_week,
    network,
)
from bot.detection.document import BROKEN, decode
from bot.detection.origin import NOWHERE, OriginOf
from bot.detection.record import Entry
from bot.detection.resources import instance_of

CONNECT = "connect.amazonaws.com"


def caller_of(entry: Entry) -> Caller | None:
    """Who called, None where nobody is named."""
    core = entry.core
    if entry.odd or core.who is None:
        return None
    try:
        actor = actor_of(decode(entry.raw))
    except BROKEN:
        return None
    if not actor.principal:
        return None
    return caller(actor, core.account or "", bool(core.who.service))


def features_of(entry: Entry, hour: int, origin_of: OriginOf) -> list[Feature]:
    """One feature for each dimension that the record shows; *hour* since 1970."""
    core = entry.core
    found = [feature("operation", f"{core.source} {core.name}")]
    if core.region:
        found.append(feature("region", core.region))
    if core.address:
        found.append(feature("network", network(core.address)))
        if (origin := origin_of(core.address)) is not NOWHERE:
            if origin.asn:
                found.append(feature("asn", origin.asn))
            if origin.country:
                found.append(feature("country", origin.country))
    if core.agent:
        found.append(feature("agent", family(core.agent)))
    if core.error:
        found.append(feature("error", core.error))
    if core.source == CONNECT and (instance := _instance(entry)):
        found.append(feature("instance", instance))
    found.append(feature("hour", hour_of_week(hour)))
    return found


def _instance(entry: Entry) -> str:
    try:
        return instance_of(decode(entry.raw), bytes(entry.raw))
    except BROKEN:
        return ""
