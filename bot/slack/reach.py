"""For how long nothing could be sent to Slack: pure arithmetic over a monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.ports import Contact

APART = 180.0
"""Seconds between two failures after which they are no longer one silence: we try more often than
that, so in between there was nothing to send."""


@dataclass
class _Silence:
    """From *first* to *ends*; *slowed* where Slack answers, but takes no post."""

    first: float
    ends: float
    why: str
    slowed: bool = False


class Reach:
    """Told of every answer and every failure; seconds are monotonic.

    A silence lasts from its first failure to its last, not until now: a single message that failed
    and was given up proves nothing about the hours in which nothing was sent. Where Slack takes no
    post for so many seconds (429), that time belongs to it, for the post waits. It is over with a
    post that gets through; for a channel that a critical alert waits for, with one to that channel.
    Our own pace is no failure.
    """

    def __init__(self) -> None:
        self._all: _Silence | None = None
        self._urgent: dict[str, _Silence] = {}
        self._answered = False

    def answered(self) -> None:
        """Slack answered, be it with a no."""
        self._answered = True
        if self._all and not self._all.slowed:
            self._all = None

    def posted(self, channel: str) -> None:
        """A post got through to *channel*, or Slack said no to it: it waits no longer."""
        self._answered = True
        self._all = None
        self._urgent.pop(channel, None)

    def failed(self, why: str, now: float) -> None:
        """No usable answer came, or our token is refused."""
        self._all = _longer(self._all, why, now, now)

    def slowed(self, channel: str, why: str, now: float, seconds: float, *, urgent: bool) -> None:
        """Slack wants no post to *channel* for *seconds*; *urgent* where one about a critical
        alert waits for it."""
        self._all = _longer(self._all, why, now, now + seconds, slowed=True)
        if urgent:
            before = self._urgent.get(channel)
            self._urgent[channel] = _longer(before, why, now, now + seconds, slowed=True)

    def contact(self, now: float, *, halted: bool) -> Contact:
        """How things stand; where we are *halted* nothing is tried, and the silence goes on."""
        # A channel that nothing is tried in any more says nothing of how we get on now.
        self._urgent = {name: one for name, one in self._urgent.items() if now - one.ends <= APART}
        silences = [*filter(None, [self._all]), *self._urgent.values()]
        if not silences:
            return Contact(answered=self._answered)
        longest = min(silences, key=lambda one: one.first - _end(one, now, halted=halted))
        lost_for = timedelta(seconds=_end(longest, now, halted=halted) - longest.first)
        return Contact(lost_for=lost_for, why=longest.why, answered=self._answered)


def _longer(
    before: _Silence | None, why: str, now: float, ends: float, *, slowed: bool = False
) -> _Silence:
    """*before*, going on until *ends*; a new one where that was over long before *now*."""
    if before is None or now - before.ends > APART:
        return _Silence(now, ends, why, slowed)
    return _Silence(before.first, max(before.ends, ends), why, slowed or before.slowed)


def _end(silence: _Silence, now: float, *, halted: bool) -> float:
    """How far it is known to reach by *now*."""
    return now if halted else min(now, silence.ends)
