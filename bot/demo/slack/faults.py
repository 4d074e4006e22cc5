"""Faults to order, and the errors Slack itself answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["ratelimited", "error", "drop_before", "drop_after", "slow", "unheard", "ok_false"]


class SlackError(Exception):
    """Slack says no: becomes `{"ok": false, "error": code, …}`."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


class Fault(Struct, frozen=True, kw_only=True):
    """Something that shall go wrong with the next *times* calls of *method* ("*" is any).

    *kind* `ratelimited`: 429 with *retry_after*; `error`: HTTP *status*; `drop_before` closes the
    connection before anything is done; `drop_after` does it and closes without an answer; `slow`
    waits *seconds* first and does it whoever is left to hear; `unheard` waits too, but does not do
    what a caller asked for who is gone by then; `ok_false` answers 200 with the error *code*.
    *channel* narrows it to calls that name this channel.
    """

    method: str
    kind: Kind
    times: int = 1
    channel: str | None = None
    retry_after: int = 1
    status: int = 503
    seconds: float = 1.0
    code: str = "internal_error"


class Orders:
    """The faults still to come, first ordered first."""

    def __init__(self) -> None:
        self._open: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Order *fault*."""
        if fault.times > 0:
            self._open.append((fault, fault.times))

    def clear(self) -> None:
        """Nothing of what was ordered strikes any more."""
        self._open.clear()

    def next(self, method: str, channel: str) -> Fault | None:
        """The fault that strikes this call, counted down; or None."""
        for place, (fault, left) in enumerate(self._open):
            if fault.method not in ("*", method) or fault.channel not in (None, channel):
                continue
            if left == 1:
                del self._open[place]
            else:
                self._open[place] = (fault, left - 1)
            return fault
        return None
