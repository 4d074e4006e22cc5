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
from bot.detection.origin import NOWHERE, OriginOf
from bot.detection.resources import instance_of
from bot.detection.whole import Whole

CONNECT = "connect.amazonaws.com"


def caller_of(whole: Whole) -> Caller | None:
    """Who called, None where nobody is named."""
    core = whole.core
    if whole.odd or core.who is None:
        return None
    actor = actor_of(whole.document)
    if not actor.principal:
        return None
    return caller(actor, core.account or "", bool(core.who.service))


def features_of(whole: Whole, hour: int, origin_of: OriginOf) -> list[Feature]:
    """One feature for each dimension that the record shows; *hour* since 1970."""
    core = whole.core
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
    if core.source == CONNECT and (instance := instance_of(whole.document, whole.raw)):
        found.append(feature("instance", instance))
    found.append(feature("hour", hour_of_week(hour)))
    return found
