"""How we are doing ourselves, in values."""

from __future__ import annotations

from msgspec import Struct

OWN_SOURCE = "callwarden"
"""Stands as the event source of what we find out about ourselves; CloudTrail's are host names."""


class Latency(Struct, frozen=True, kw_only=True):
    """How long it took from a record's eventTime until its card stood in Slack, in seconds, over
    *cards* first cards."""

    cards: int
    median: float
    p95: float
