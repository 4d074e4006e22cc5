"""Questions that Slack takes only so often: each kind waits its turn, and nobody holds a lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from bot.errors import Unavailable
from bot.slack.pace import Reads

T = TypeVar("T")

SHARE = 0.8
"""The part of a minute's questions that may wait their turn; the rest is for people who wait."""

TRIES = 5
"""Times that the same is asked in turn while Slack finds every one too soon."""

PATIENCE = 120.0
"""Seconds: a turn that is further away is a fault, and not waited for."""


class Turns:
    """Calls of one reading method, made no faster than Slack takes them. Any thread may ask."""

    def __init__(
        self,
        per_minute: int,
        *,
        timer: Callable[[], float],
        stopping: threading.Event,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """*timer* gives monotonic seconds; *pause* waits so many of them, or less at *stopping*."""
        self._reads = Reads(per_minute)
        self._timer = timer
        self._stopping = stopping
        self._pause = pause or stopping.wait
        self._lock = threading.Lock()

    def at_once(self, ask: Callable[[], T]) -> T:
        """Somebody waits for the answer: ask now, or raise Unavailable where it is too soon."""
        if wait := self._claim(1.0):
            raise _too_soon(wait)
        return self._heeding(ask)

    def in_turn(self, ask: Callable[[], object]) -> None:
        """Ask when it is our turn, and again where Slack finds that too soon.

        Returns without having asked at *stopping*. Raises what *ask* raises in the end.
        """
        for left in reversed(range(TRIES)):
            if not self._our_turn():
                return
            try:
                self._heeding(ask)
            except Unavailable as error:
                if error.retry_after is None or not left:
                    raise
            else:
                return

    def wait(self, share: float = SHARE) -> float:
        """Seconds until it is our turn."""
        with self._lock:
            return self._reads.wait(self._timer(), share)

    def _our_turn(self) -> bool:
        """Wait for it and take it; False where we are to stop."""
        while not self._stopping.is_set():
            wait = self._claim(SHARE)
            if not wait:
                return True
            if wait > PATIENCE:
                raise _too_soon(wait)
            self._pause(wait)
        return False

    def _claim(self, share: float) -> float:
        """Take the turn and return 0, or return the seconds until it may be taken."""
        with self._lock:
            now = self._timer()
            wait = self._reads.wait(now, share)
            if not wait:
                self._reads.made(now)
            return wait

    def _heeding(self, ask: Callable[[], T]) -> T:
        """Ask. Where Slack names a time, all questions of this kind wait for so long."""
        try:
            return ask()
        except Unavailable as error:
            with self._lock:
                self._reads.hold(error.retry_after or 0.0, self._timer())
            raise


def _too_soon(wait: float) -> Unavailable:
    return Unavailable(
        f"Slack takes no more questions about people for {wait:.0f} s.", retry_after=wait
    )
