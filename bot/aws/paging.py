"""How fast the event history may be asked, and in which pieces of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

PAGE: Final = 50
"""Events that LookupEvents gives at most in one answer."""

PACE: Final = 0.5
"""Seconds from one request to the next: AWS allows two a second for an account and Region."""

PAGES_MOST: Final = 40
"""A stretch of more pages is cut: it is held in memory until it is read, as the newest come first.
2,000 records are some 4 MB."""

FEWEST: Final = PAGE / PACE
"""Events a second from which on a Region cannot be followed by LookupEvents."""


class Pace:
    """One request each *seconds*; shared by all who ask about the same account and Region."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free_at = float("-inf")
        self._lock = Lock()

    def next_at(self, now: float) -> float:
        """When the next request may be made."""
        with self._lock:
            return max(now, self._free_at)

    def taken(self, now: float) -> None:
        """A request is made *now*."""
        with self._lock:
            self._free_at = max(now, self._free_at) + self._seconds

    def pause(self, now: float, seconds: float) -> None:
        """We were told to slow down: nothing for so many *seconds*."""
        with self._lock:
            self._free_at = max(self._free_at, now + seconds)


class Rate:
    """Events a second, over some five minutes of event time."""

    OVER: Final = 300.0

    def __init__(self) -> None:
        self.a_second = 0.0

    def note(self, events: int, span: timedelta) -> None:
        """So many *events* happened within *span*."""
        seconds = max(1.0, span.total_seconds())
        self.a_second += (events / seconds - self.a_second) * seconds / (seconds + self.OVER)


class Slices:
    """A window of time, taken in pieces from its oldest end. Both ends belong to a piece."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._from = start
        self._end = end

    @property
    def over(self) -> bool:
        """Nothing of the window is left."""
        return self._from >= self._end

    def next(self, length: timedelta) -> tuple[datetime, datetime]:
        """The next piece, of *length* at most."""
        start = self._from
        return start, self.shorten(start, length)

    def shorten(self, start: datetime, length: timedelta) -> datetime:
        """The piece that begins at *start* ends *length* later. Returns its end."""
        self._from = min(start + length, self._end)
        return self._from
