"""One writer at a time: first come, first served, but clicks before everything else."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class Turn(IntEnum):
    """Who wants to write; a lower number goes first."""

    CLICK = 0
    SENDER = 1
    INTAKE = 2


class Gate:
    """A fair lock with turns.

    SQLite's own busy waiting is neither fair nor quick: a tight writer can hold a click's write
    back for seconds. Here the lock is handed straight to the next in line.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._line: list[tuple[Turn, int, threading.Lock]] = []
        self._numbers = itertools.count()

    @contextmanager
    def hold(self, turn: Turn) -> Iterator[None]:
        """Wait for our turn, hold the gate for the block."""
        self._enter(turn)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, turn: Turn) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            ours = threading.Lock()
            ours.acquire()
            heapq.heappush(self._line, (turn, next(self._numbers), ours))
        ours.acquire()  # released by whoever leaves before us

    def _leave(self) -> None:
        with self._guard:
            if self._line:
                heapq.heappop(self._line)[2].release()
            else:
                self._held = False
