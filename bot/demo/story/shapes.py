"""The story's values: frames to deliver, and what must come of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

Json: TypeAlias = dict[str, object]

Route: TypeAlias = Literal["s3", "eventbridge", "sns", "digest"]

WINDOW = 3600.0
"""Seconds of event time, from an alert's first finding, in which findings fold into it."""


class Ends(Struct, frozen=True):
    """The correlation that a record completes, with its fold values and its timespan in seconds."""

    rule: str
    fold: tuple[str, ...]
    span: float


class Noted(Struct, frozen=True, kw_only=True):
    """A record as it is written down, with what must come of it.

    *at* is seconds since the day began. *rule* is the rule that must speak, None for silence;
    *fold* are its fold values as the story means them, for a replay those of the original.
    *fast* records come by EventBridge before their file comes. *ends* are the correlations that it
    completes or goes on with.
    """

    at: float
    record: Json
    rule: str | None = None
    fold: tuple[str, ...] = ()
    fast: bool = False
    caption: str = ""
    ends: tuple[Ends, ...] = ()

    @property
    def id(self) -> str:
        """The record's eventID."""
        return str(self.record["eventID"])


class Frame(Struct, frozen=True, kw_only=True):
    """One delivery. *at* is seconds since the day began, never before its records' times; what is
    below zero is the past.

    *records* go into one file of *account* and *region*, or one by one into envelopes; a digest
    is a single document. An entry of *records* that is no object is broken on purpose.
    """

    at: float
    route: Route
    account: str
    region: str
    caption: str
    records: tuple[object, ...]


class ExpectedAlert(Struct, frozen=True):
    """An alert that must come of the story, with its number of findings."""

    rule: str
    fold: tuple[str, ...]
    findings: int


class Expected(Struct, frozen=True, kw_only=True):
    """What must come of the whole story, however its deliveries are ordered or repeated.

    *records* counts distinct readable records, *repeats* those delivered again, *unreadable* the
    broken ones.
    """

    records: int
    repeats: int
    unreadable: int
    alerts: tuple[ExpectedAlert, ...]

    @property
    def findings(self) -> int:
        """Findings in all."""
        return sum(alert.findings for alert in self.alerts)

    def findings_by_rule(self) -> dict[str, int]:
        """Rule name → findings."""
        counts: dict[str, int] = {}
        for alert in self.alerts:
            counts[alert.rule] = counts.get(alert.rule, 0) + alert.findings
        return counts

    def alerts_by_rule(self) -> dict[str, int]:
        """Rule name → alerts."""
        counts: dict[str, int] = {}
        for alert in self.alerts:
            counts[alert.rule] = counts.get(alert.rule, 0) + 1
        return counts


class Story(Struct, frozen=True, kw_only=True):
    """A day. *labels* says for each eventID which rule must speak, None for silence."""

    seed: int
    start: datetime
    frames: tuple[Frame, ...]
    expected: Expected
    labels: Mapping[str, str | None]

    @property
    def objects(self) -> int:
        """Files with records, each to be read once; a digest is passed over."""
        return sum(frame.route in {"s3", "sns"} for frame in self.frames)

    @property
    def messages(self) -> int:
        """Messages that these frames put on the queue."""
        return sum(
            len(frame.records) if frame.route == "eventbridge" else 1 for frame in self.frames
        )


def fold(notes: Iterable[Noted]) -> tuple[ExpectedAlert, ...]:
    """The alerts that come of *notes* in this order; a repeated record counts once."""
    opened: list[tuple[str, tuple[str, ...], float, int]] = []
    seen: set[str] = set()
    for note in notes:
        if note.rule is None or note.id in seen:
            continue
        seen.add(note.id)
        for place, (rule, values, anchor, count) in enumerate(opened):
            if (rule, values) == (note.rule, note.fold) and abs(note.at - anchor) <= WINDOW:
                opened[place] = (rule, values, anchor, count + 1)
                break
        else:
            opened.append((note.rule, note.fold, note.at, 1))
    return tuple(ExpectedAlert(rule, values, count) for rule, values, _, count in opened)


def chained(notes: Iterable[Noted], start: datetime) -> tuple[ExpectedAlert, ...]:
    """The alerts of correlations: one finding for each stretch of a timespan (from 1970) in which
    a record of *notes* ends one. *start* is when the day began."""
    spoken: dict[tuple[str, tuple[str, ...]], set[int]] = {}
    for note in notes:
        for one in note.ends:
            stretch = int((start.timestamp() + note.at) // one.span)
            spoken.setdefault((one.rule, one.fold), set()).add(stretch)
    return tuple(ExpectedAlert(*key, len(found)) for key, found in spoken.items())
