"""Slack's limits, kept on our side: pure arithmetic over a monotonic clock."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping

from bot.model import Edits

POST_EVERY = 1.0
"""Seconds between two posts to a channel (Slack: about one a second)."""

POSTS_PER_MINUTE = 300
"""Posts over all channels: Slack says "several hundred" for a workspace, and no number."""

QUIET = 2.0
"""Seconds without a post to a channel after which Slack cannot find the next one there too soon."""

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


class Bucket:
    """Holds *most* tokens, and refills so that no minute ever sees more than *per_minute* taken.

    It is empty at first: a start does not know what its predecessor took in the last minute.
    """

    def __init__(self, per_minute: float, most: float, now: float) -> None:
        self._refill = (per_minute - most) / MINUTE
        self._most = most
        self._tokens = 0.0
        self._filled = now

    def fill(self, now: float) -> None:
        """As full as it can be: nothing was taken in the last minute."""
        self._tokens, self._filled = self._most, now

    def take(self, now: float) -> None:
        """Take a token."""
        self._tokens = self._left(now) - 1.0
        self._filled = max(now, self._filled)

    def wait(self, now: float, tokens: float = 1.0) -> float:
        """Seconds until there are so many; 0 where there are."""
        missing = tokens - self._left(now)
        # What is left is a sum of small fractions: a millionth missing is no token missing.
        return missing / self._refill if missing > 1e-6 else 0.0

    def _left(self, now: float) -> float:
        passed = max(0.0, now - self._filled)
        return min(self._most, self._tokens + passed * self._refill)


class Pace:
    """When the next post to a channel, and the next edit, may go. Seconds are monotonic."""

    def __init__(self, now: float, last_posts: Mapping[str, float] | None = None) -> None:
        """*last_posts*: per channel, how many seconds ago we last posted there."""
        self._opens: dict[str, float] = {}
        self._posts = Bucket(POSTS_PER_MINUTE, _BURST, now)
        if last_posts is not None:
            self.recall(last_posts, now)
        self._posted: dict[str, float] = {}
        self._posts_open = now
        self._doubted = now
        self._edits = Bucket(EDITS_PER_MINUTE, _BURST, now)
        self._edits_open = now
        self._whispers_open = now
        self._all_open = now

    def recall(self, last_posts: Mapping[str, float], now: float) -> None:
        """As at the start; what Slack asked us to wait for still holds."""
        for channel, ago in last_posts.items():
            if ago < POST_EVERY:
                self.hold_channel(channel, POST_EVERY - ago, now)
        if all(ago >= MINUTE for ago in last_posts.values()):
            self._posts.fill(now)

    def posted(self, channel: str, now: float) -> None:
        """A post to *channel* was made."""
        self._posts.take(now)
        busy = {one: at for one, at in self._posted.items() if now - at < QUIET}
        self._posted = busy | {channel: now}
        self._opens[channel] = max(self._opens.get(channel, 0.0), now + POST_EVERY)

    def edited(self, now: float) -> None:
        """An edit was made."""
        self._edits.take(now)

    def whispered(self, now: float) -> None:
        """An ephemeral was sent."""
        self.hold_whispers(WHISPER_EVERY, now)

    def hold_channel(self, channel: str, seconds: float, now: float) -> None:
        """Slack asked us to leave *channel* alone for *seconds*."""
        self._opens[channel] = max(self._opens.get(channel, 0.0), now + seconds)

    def too_soon(self, channel: str, seconds: float, now: float) -> None:
        """Slack found a post to *channel* too soon; call it before `posted`.

        Where we had been busy there, it is that channel's limit. Where we had not, or where
        Slack says the same of a second channel, it is the workspace's: all posts wait.
        """
        self.hold_channel(channel, seconds, now)
        busy = now - self._posted.get(channel, now - QUIET) < QUIET
        if not busy or now < self._doubted:
            self._posts_open = max(self._posts_open, now + seconds)
        self._doubted = max(self._doubted, now + seconds)

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

    def posts(self, now: float) -> bool:
        """Whether a post may go now to a channel that is not closed."""
        return now >= self._posts_open and not self._posts.wait(now)

    def edits(self, now: float) -> Edits:
        """Which edits may go now."""
        if now < self._edits_open or self._edits.wait(now):
            return Edits.NONE
        return Edits.CLICKS if self._edits.wait(now, _RESERVED) else Edits.ALL

    def whispers(self, now: float) -> bool:
        """Whether an ephemeral may go now."""
        return now >= self._whispers_open

    def held(self, now: float) -> float:
        """Seconds until anything at all may go."""
        return max(0.0, self._all_open - now)

    def wait(self, now: float) -> float | None:
        """Seconds until something that is closed now opens; None where nothing is."""
        opens = (self._posts_open, self._edits_open, self._whispers_open)
        waits = [at - now for at in (*self._opens.values(), *opens)]
        waits.append(self._posts.wait(now))
        waits += [self._edits.wait(now, tokens) for tokens in (1.0, _RESERVED)]
        return min((wait for wait in waits if wait > 0), default=None)
