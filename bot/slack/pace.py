"""Slack's limits, kept on our side: pure arithmetic over a monotonic clock."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping

from bot.model import Edits

POST_EVERY = 1.0
"""Seconds between two posts to a channel (Slack: about one a second)."""

EDITS_PER_MINUTE = 50
"""chat.update is tier 3: 50 a minute in the whole workspace."""

WHISPER_EVERY = 0.6
"""Seconds between two ephemerals: chat.postEphemeral is tier 4, 100 a minute."""

GROUPS_PER_MINUTE = 20
"""usergroups.users.list is tier 2: 20 a minute."""

PEOPLE_PER_MINUTE = 100
"""users.info is tier 4: 100 a minute."""

RETRY_MOST = 60.0
"""Seconds: the longest we wait by ourselves between two tries."""

MINUTE = 60.0

_BURST = 10.0
_REFILL = (EDITS_PER_MINUTE - _BURST) / 60.0
_RESERVED = 4.0
"""Tokens that only edits answering a click may take."""


def backing_off(tries: int) -> float:
    """Seconds to wait after so many tries in vain."""
    wait = min(RETRY_MOST, 0.5 * 2.0 ** min(tries, 8))
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret


class Reads:
    """When a reading method may be called: so many times in any minute, and not while Slack says
    that it is too often."""

    def __init__(self, most: int) -> None:
        """*most* calls a minute."""
        self._most = most
        self._made: deque[float] = deque(maxlen=most)
        self._open = 0.0

    def made(self, now: float) -> None:
        """A call was made."""
        self._made.append(now)

    def hold(self, seconds: float, now: float) -> None:
        """Slack asked us to wait for *seconds*."""
        self._open = max(self._open, now + seconds)

    def wait(self, now: float, share: float = 1.0) -> float:
        """Seconds until one may be made by those who may use only a *share* of the minute's."""
        most = max(1, int(self._most * share))
        room = self._made[-most] + MINUTE if len(self._made) >= most else now
        return max(0.0, room - now, self._open - now)


class Pace:
    """When the next post to a channel, and the next edit, may go. Seconds are monotonic.

    The edit bucket holds 10 and refills so that no 60 seconds ever see more than 50.
    """

    def __init__(self, now: float, last_posts: Mapping[str, float] | None = None) -> None:
        """*last_posts*: per channel, how many seconds ago we last posted there."""
        self._opens: dict[str, float] = {
            channel: now + POST_EVERY - ago
            for channel, ago in (last_posts or {}).items()
            if ago < POST_EVERY
        }
        self._tokens = 2.0  # a restart does not know what its predecessor spent
        self._filled = now
        self._edits_open = now
        self._whispers_open = now
        self._all_open = now

    def posted(self, channel: str, now: float) -> None:
        """A post to *channel* was made."""
        self._opens[channel] = max(self._opens.get(channel, 0.0), now + POST_EVERY)

    def edited(self, now: float) -> None:
        """An edit was made."""
        self._fill(now)
        self._tokens -= 1.0

    def whispered(self, now: float) -> None:
        """An ephemeral was sent."""
        self.hold_whispers(WHISPER_EVERY, now)

    def hold_channel(self, channel: str, seconds: float, now: float) -> None:
        """Slack asked us to leave *channel* alone for *seconds*."""
        self._opens[channel] = max(self._opens.get(channel, 0.0), now + seconds)

    def hold_edits(self, seconds: float, now: float) -> None:
        """Slack asked us not to edit for *seconds*."""
        self._edits_open = max(self._edits_open, now + seconds)

    def hold_whispers(self, seconds: float, now: float) -> None:
        """No ephemeral for *seconds*; cards do not wait for people who press too often."""
        self._whispers_open = max(self._whispers_open, now + seconds)

    def hold_all(self, seconds: float, now: float) -> None:
        """Slack does not answer: leave it alone for *seconds*."""
        self._all_open = max(self._all_open, now + seconds)

    def closed(self, now: float) -> frozenset[str]:
        """Channels that must not be posted to now."""
        self._opens = {channel: at for channel, at in self._opens.items() if at > now}
        return frozenset(self._opens)

    def edits(self, now: float) -> Edits:
        """Which edits may go now."""
        self._fill(now)
        if now < self._edits_open or self._tokens < 1.0:
            return Edits.NONE
        return Edits.ALL if self._tokens >= _RESERVED else Edits.CLICKS

    def whispers(self, now: float) -> bool:
        """Whether an ephemeral may go now."""
        return now >= self._whispers_open

    def held(self, now: float) -> float:
        """Seconds until anything at all may go."""
        return max(0.0, self._all_open - now)

    def wait(self, now: float) -> float | None:
        """Seconds until something that is closed now opens; None where nothing is."""
        self._fill(now)
        moments = [at for at in self._opens.values() if at > now]
        moments += [at for at in (self._edits_open, self._whispers_open) if at > now]
        for mark in (1.0, _RESERVED):
            if self._tokens < mark:
                moments.append(now + (mark - self._tokens) / _REFILL)
        return max(0.0, min(moments) - now) if moments else None

    def _fill(self, now: float) -> None:
        if now > self._filled:
            self._tokens = min(_BURST, self._tokens + (now - self._filled) * _REFILL)
            self._filled = now
