"""Business time: when an office is open, and how much open time lies between two moments.

An office opens on a day at the first moment at which its clocks show the opening time or later,
and closes at the first at which they show the closing time or later. So a change of the clocks
neither opens it twice nor shuts it in between: a night shift is an hour longer or shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

Span = tuple[datetime, datetime]
"""From one moment to another, UTC; the second is no part of it."""

MINUTES_A_DAY = 1440

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Hours(Struct, frozen=True, kw_only=True):
    """When an office is open, by the clocks of *timezone* (an IANA name).

    *days* are weekdays, Monday is 0; at least one. *start* and *end* are minutes after midnight,
    0 ≤ start < end ≤ 1440. *holidays* are days on which it stays shut.
    """

    timezone: str
    days: frozenset[int] = frozenset(range(5))
    start: int = 8 * 60
    end: int = 18 * 60
    holidays: frozenset[date] = frozenset()

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at the moment *at*."""
        return self.next_open(at) == at.astimezone(UTC)

    def next_open(self, at: datetime) -> datetime:
        """*at* where the office is open then, else when it opens next."""
        return self.add_open(at, timedelta())

    def add_open(self, at: datetime, duration: timedelta) -> datetime:
        """The first open moment by which *duration* of open time has passed since *at*.

        Raises OverflowError where that is after the year 9999.
        """
        left, since = duration, at.astimezone(UTC)
        for opens, closes in self._spans(since):
            begins = max(opens, since)
            if left < closes - begins:
                return begins + left
            left -= closes - begins
        raise AssertionError("the days never end")

    def open_between(self, first: datetime, last: datetime) -> timedelta:
        """How much open time lies between two moments; none where *last* is not after *first*."""
        total, since, until = timedelta(), first.astimezone(UTC), last.astimezone(UTC)
        for opens, closes in self._spans(since):
            if opens >= until:
                break
            total += max(timedelta(), min(closes, until) - max(opens, since))
        return total

    def _spans(self, at: datetime) -> Iterator[Span]:
        """Open times that end after *at*, in order."""
        zone = ZoneInfo(self.timezone)
        # The clocks may have gone back over midnight, so the day before counts too.
        day = at.astimezone(zone).date() - _DAY
        while True:
            if day.weekday() in self.days and day not in self.holidays:
                opens, closes = _first(zone, day, self.start), _first(zone, day, self.end)
                if opens < closes and closes > at:
                    yield opens, closes
            day += _DAY


def spoken(duration: timedelta) -> str:
    """How long that is, in words and at a glance: `1 minute`, `90 minutes`, `3 hours`."""
    minutes = max(1, round(duration / timedelta(minutes=1)))
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"


def _first(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """The first moment, UTC, at which *zone*'s clocks show so many minutes of *day*, or later."""
    if minutes == MINUTES_A_DAY:
        day, minutes = day + _DAY, 0
    shown = datetime.combine(day, time(*divmod(minutes, 60)), tzinfo=zone)
    first, second = shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
    # Where the clocks leap over a time, its readings stand the other way round, about the leap.
    return _leap(zone, second, first) if second < first else first


def _leap(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between two at which the clocks leap, to the second."""
    was = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == was:
            before = middle
        else:
            after = middle
    return after
