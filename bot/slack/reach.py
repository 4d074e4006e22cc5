"""For how long nothing could be sent to Slack: pure arithmetic over a monotonic clock."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Contact

APART = 180.0
"""Seconds between two failures after which they are no longer one silence: we try more often than
that, so in between there was nothing to send."""


class Reach:
    """Told of every answer and every failure; seconds are monotonic.

    A silence lasts from its first failure to its last, not until now: a single message that failed
    and was given up proves nothing about the hours in which nothing was sent.
    """

    def __init__(self) -> None:
        self._first = 0.0
        self._last = 0.0
        self._why = ""
        self._answered = False

    def answered(self) -> None:
        """Slack answered, be it with a no."""
        self._why = ""
        self._answered = True

    def failed(self, why: str, now: float) -> None:
        """No usable answer came, or our token is refused."""
        if not self._why or now - self._last > APART:
            self._first = now
        self._last = now
        self._why = why

    def contact(self, now: float, *, halted: bool) -> Contact:
        """How things stand; where we are *halted* nothing is tried, and the silence goes on."""
        if not self._why:
            return Contact(answered=self._answered)
        ends = now if halted else self._last
        lost_for = timedelta(seconds=ends - self._first)
        return Contact(lost_for=lost_for, why=self._why, answered=self._answered)
