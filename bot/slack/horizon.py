"""How far ahead a due time may honestly lie, by a wall clock that somebody may set back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

log = logging.getLogger(__name__)

HORIZON = timedelta(minutes=15)
"""Nothing waits longer than this; a later due time means that the clock was set back."""

SHORT_HORIZON = timedelta(seconds=3)
"""While the wall clock is behind where it was, only the delay of an edit is honest."""

_STEP = 1.0
"""Seconds; a smaller difference between two looks is the clock's own drift."""


class Horizon:
    """Compares the wall clock with one that only rises: a step back shows as a lost lead."""

    def __init__(self) -> None:
        self.when_set_back: Callable[[], None] = _nothing
        self._lead = float("-inf")
        self._behind_until = float("-inf")

    def at(self, now: datetime, mono: float) -> timedelta:
        """What is due later than this after *now* was queued by a faster clock, and is due."""
        lead = now.timestamp() - mono
        lost, self._lead = self._lead - lead, lead
        if lost > _STEP:
            log.warning("The clock was set back by %.0f s.", lost)
            self._behind_until = max(self._behind_until, mono) + lost
            self.when_set_back()
        return SHORT_HORIZON if mono < self._behind_until else HORIZON


def _nothing() -> None:
    """Nobody wants to know."""
