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


class Backlog(Struct, frozen=True, kw_only=True):
    """What waits for us at a queue: *waiting* messages, and *dead* ones in *dead_queue*.

    None is unknown, and *unknown* says why. *dead_queue* is "" where the queue has none.
    """

    waiting: int | None = None
    dead: int | None = None
    dead_queue: str = ""
    unknown: str = ""
