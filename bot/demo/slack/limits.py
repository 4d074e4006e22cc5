"""How much Slack takes: rates per method and channel, and how long things stay good."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

TIERS: Mapping[int, int] = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute and method, by Slack's tier."""

POSTS = frozenset({"chat.postMessage"})
"""Methods that say something in a channel for good: one message a second there."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Slack's limits. *scale* multiplies every rate; *enforced* false switches all rates off.

    Seconds: *ack_seconds* to acknowledge an envelope, *trigger_seconds* a trigger id is good,
    *answer_seconds* a response_url is good (for *answers* posts),
    *file_seconds* until blocks may name a file whose upload is complete.
    """

    enforced: bool = True
    scale: float = 1.0
    channel_per_second: float = 1.0
    channel_burst: int = 3
    posts_per_minute: int = 300
    tiers: Mapping[int, int] = field(default_factory=lambda: TIERS)
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    answers: int = 5
    answer_seconds: float = 1800.0
    file_seconds: float = 0.3

    @classmethod
    def off(cls) -> Limits:
        """No rate is limited; the times stay as Slack's."""
        return cls(enforced=False)


class Window:
    """At most *size* calls in any 60 seconds."""

    def __init__(self, size: float) -> None:
        self.size = max(1, int(size))
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until a call is welcome; 0 means now."""
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        if len(self._taken) < self.size:
            return 0.0
        return self._taken[0] + 60 - now

    def take(self, now: float) -> None:
        """Count a call."""
        self._taken.append(now)


class Bucket:
    """*burst* at once, refilled at *rate* a second."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, float(burst)
        self._left, self._at = float(burst), -math.inf

    def wait(self, now: float) -> float:
        """Seconds until a message is welcome; 0 means now."""
        left = min(self.burst, self._left + (now - self._at) * self.rate)
        # What is left is a sum of small fractions: a millionth missing is not a message missing.
        return 0.0 if left >= 1 - 1e-6 else (1 - left) / self.rate

    def take(self, now: float) -> None:
        """Count a message."""
        self._left = min(self.burst, self._left + (now - self._at) * self.rate) - 1
        self._at = now


class Rates:
    """Counts calls and says when one came too soon."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._methods: dict[str, Window] = {}
        self._posts = Window(limits.posts_per_minute * limits.scale)
        rate = limits.channel_per_second * limits.scale
        self._channels: defaultdict[str, Bucket] = defaultdict(
            lambda: Bucket(rate, limits.channel_burst)
        )

    def admit(self, method: str, tier: int | None, channel: str, now: float) -> int:
        """Count the call and return 0, or count nothing and return whole seconds to wait."""
        if not self._limits.enforced:
            return 0
        gates: list[Window | Bucket] = []
        if tier is not None:
            gates.append(self._window(method, tier))
        if method in POSTS:
            gates.append(self._channels[channel])
        if method == "chat.postMessage":
            gates.append(self._posts)
        wait = max((gate.wait(now) for gate in gates), default=0.0)
        if wait > 0:
            return max(1, math.ceil(wait))
        for gate in gates:
            gate.take(now)
        return 0

    def _window(self, method: str, tier: int) -> Window:
        if method not in self._methods:
            self._methods[method] = Window(self._limits.tiers[tier] * self._limits.scale)
        return self._methods[method]
