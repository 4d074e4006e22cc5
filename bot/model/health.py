"""How we are doing ourselves, in values."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

OWN_SOURCE = "callwarden"
"""Stands as the event source of what we find out about ourselves; CloudTrail's are host names."""

FEED_RULES = ("feed_silent", "feed_failing", "feed_late", "feed_dead_letters", "feed_refused")
"""The names under which troubles of a source are alerted about."""


class Latency(Struct, frozen=True, kw_only=True):
    """How long it took from a record's eventTime until its card stood in Slack, in seconds, over
    *cards* first cards."""

    cards: int
    median: float
    p95: float


class Backlog(Struct, frozen=True, kw_only=True):
    """What waits for us at a queue: *waiting* messages, and *dead* ones in *dead_queue*.

    None is unknown, and *unknown* says why. *dead_queue* is "" where the queue has none. A source
    that has no queue says how many seconds it is *behind*, and *why* as the end of a sentence.
    """

    waiting: int | None = None
    dead: int | None = None
    dead_queue: str = ""
    unknown: str = ""
    behind: float | None = None
    why: str = ""


class Condition(StrEnum):
    """How one side of a source is: *unknown* is neither of the others, and never shown as well."""

    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What measuring said about one *rule* of health; *said* is its sentence, "" where all is well.

    *since* is when the trouble began (ISO), for one that goes on.
    """

    rule: str
    condition: Condition
    said: str = ""
    since: str = ""


class Checkup(Struct, frozen=True, kw_only=True):
    """A source as it was *at* that moment (ISO). *refused* counts what could not be read in the
    last 24 hours; *waited* is as in `ports.Feed`."""

    source: str
    at: str
    backlog: Backlog
    waited: float | None
    refused: int
    diagnoses: tuple[Diagnosis, ...]


class Trouble(Struct, frozen=True, kw_only=True):
    """A trouble of a source, from *since* until *ended* ("" while it goes on). *told* counts the
    findings that it has led to."""

    source: str
    rule: str
    since: str
    ended: str = ""
    told: int = 0


class Heard(Struct, frozen=True, kw_only=True):
    """What is remembered of a source: *since* when it is watched, when records last came
    (*last_at*, "" for never), the longest silence between two of the last days, in seconds, and
    the *accounts* that its records were of."""

    since: str
    last_at: str = ""
    longest_gap: float = 0.0
    accounts: tuple[str, ...] = ()
