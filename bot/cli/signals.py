"""Waiting for SIGTERM or Ctrl-C in the main thread, without missing it."""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT)


def on_ending(act: Callable[..., Any], *more: signal.Signals) -> None:
    """Have *act* called, as a signal handler, when the process is asked to end.

    *more* are signals that ask for it too, such as SIGHUP where a terminal is watched.
    """
    for number in (*ENDING, *more):
        signal.signal(number, act)


class Ending:
    """Remembers that the process was asked to end; make it in the main thread.

    An Event is no substitute. A signal that comes while the main thread is on its way into
    `Event.wait()` does not wake it (under load one stop in ten was never heard), and `set()` in a
    handler waits for ever for a lock that the interrupted thread holds. Here the interpreter
    itself writes to a socket, whatever the main thread is doing.
    """

    def __init__(self, *more: signal.Signals, again: Callable[[], None] | None = None) -> None:
        """SIGHUP has *again* called by whoever waits, and ends nothing, unless it is in *more*."""
        self._heard, self._rings = socket.socketpair()
        self._heard.setblocking(False)
        self._rings.setblocking(False)
        self._ends = frozenset((*ENDING, *more))
        self._again = again
        self._asked = False
        signal.set_wakeup_fd(self._rings.fileno(), warn_on_full_buffer=False)
        on_ending(_ring, *more)
        if again is not None:
            signal.signal(signal.SIGHUP, _ring)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the process was asked to end, after at most *seconds* (None: no limit)."""
        ends = None if seconds is None else time.monotonic() + seconds
        while not self._asked:
            left = None if ends is None else max(0.0, ends - time.monotonic())
            if not select.select([self._heard], [], [], left)[0]:
                return False
            came = set(self._heard.recv(4096))
            # Once asked, always asked.
            self._asked = not came.isdisjoint(self._ends)
            if self._again is not None and not self._asked and signal.SIGHUP in came:
                self._again()
        return True

    def close(self) -> None:
        """Let go of the signals; they do nothing from here on."""
        signal.set_wakeup_fd(-1)
        self._heard.close()
        self._rings.close()


def _ring(*_: object) -> None:
    """The socket has been written to already."""
