"""Waiting for SIGTERM or Ctrl-C in the main thread, without missing it."""

from __future__ import annotations

import select
import signal
import socket
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

    def __init__(self, *more: signal.Signals) -> None:
        self._heard, self._rings = socket.socketpair()
        self._heard.setblocking(False)
        self._rings.setblocking(False)
        signal.set_wakeup_fd(self._rings.fileno(), warn_on_full_buffer=False)
        on_ending(_ring, *more)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the process was asked to end, after at most *seconds* (None: no limit)."""
        # The byte is left unread: once asked, always asked.
        return bool(select.select([self._heard], [], [], seconds)[0])

    def close(self) -> None:
        """Let go of the signals; they do nothing from here on."""
        signal.set_wakeup_fd(-1)
        self._heard.close()
        self._rings.close()


def _ring(*_: object) -> None:
    """The socket has been written to already."""
