"""Lines of new context: which of them matter most, and how soon a thread hears of them.

The first is said at once. What follows gathers in one note: who joins in waits a minute at most,
networks and programs the longer the more was said, since the card shows them anyway. A level that
rises and a success after refusals never wait, and take along what had gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

APART = timedelta(minutes=1)
"""Between two notes of news about one alert."""

APART_MOST = timedelta(minutes=10)
"""Between two that name only networks and programs."""

REMEMBERED = timedelta(hours=1)
"""Notes of news that are longer ago slow nothing down."""

_PLACES = ("network ", "program ")
_PEOPLE = ("actor ", "this alert stands for ")


def foremost(lines: Sequence[str], most: int) -> tuple[str, ...]:
    """The *most* that matter, in order: in a flood the oldest networks and programs go before
    people, so that addresses never push out a second attacker."""
    surplus = max(0, len(lines) - most)
    minor = [at for at, line in enumerate(lines) if line.startswith(_PLACES)]
    dropped = set(minor[:surplus])
    return tuple(line for at, line in enumerate(lines) if at not in dropped)[-most:]


def news_due(lines: Sequence[str], said: Sequence[datetime], now: datetime) -> datetime:
    """When a note with *lines* may go, given when the earlier ones of the last hour were *said*
    (or are to be)."""
    if not said or not all(line.startswith(_PLACES + _PEOPLE) for line in lines):
        return now
    apart = APART
    if all(line.startswith(_PLACES) for line in lines):
        apart = min(APART_MOST, APART * 2.0 ** min(len(said) - 1, 8))
    # A clock that was set back must not make it wait for longer.
    return max(now, min(max(said), now) + apart)
