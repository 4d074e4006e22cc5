"""Something a person did: sent to the bot, and what the bot answered."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, Literal

Json = dict[str, Any]
EnvelopeType = Literal["slash_commands", "interactive", "events_api"]


class Interaction:
    """One delivery. It ends acknowledged, or *failed* with the sentence that Slack shows.

    *sent_at* and *acked_at* are readings of the steady clock, in seconds; *answer* is what came
    with the acknowledgement; *attempts* counts the times an event was delivered.
    """

    def __init__(self, envelope_type: EnvelopeType, payload: Json, sent_at: float) -> None:
        self.envelope_type = envelope_type
        self.payload = payload
        self.sent_at = sent_at
        self.acked_at: float | None = None
        self.answer: Json | None = None
        self.failed = ""
        self.attempts = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def took(self) -> float:
        """Seconds from sending to acknowledgement; infinite where there was none."""
        return math.inf if self.acked_at is None else self.acked_at - self.sent_at

    @property
    def user(self) -> str:
        """Who did it; "" for an event."""
        if self.envelope_type == "slash_commands":
            return str(self.payload["user_id"])
        return str(self.payload.get("user", {}).get("id", ""))

    def wait(self, timeout: float = 10) -> Interaction:
        """Wait until it is acknowledged. Raises TimeoutError where it is not, or failed."""
        if not self._over.wait(timeout):
            raise TimeoutError(f"No acknowledgement of {self.name} in {timeout} s.")
        if self.failed:
            raise TimeoutError(self.failed)
        return self

    @property
    def name(self) -> str:
        """What was done, for messages."""
        payload = self.payload
        kind = payload.get("command") or payload.get("type", "")
        actions = payload.get("actions") or [{}]
        view = payload.get("view", payload)
        detail = actions[0].get("action_id") or view.get("callback_id", "")
        if self.envelope_type == "events_api":
            detail = payload["event"]["type"]
        return f"{kind} {detail}".strip()

    def finish(
        self, *, acked_at: float | None = None, answer: Json | None = None, failed: str = ""
    ) -> bool:
        """Close it, once; False where it was closed before."""
        with self._lock:
            if self._over.is_set():
                return False
            self.acked_at, self.answer, self.failed = acked_at, answer, failed
            self._over.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        return True

    def when_over(self, callback: Callable[[], None]) -> None:
        """Call *callback* when it ends, or now where it has."""
        with self._lock:
            if not self._over.is_set():
                self._callbacks.append(callback)
                return
        callback()
