"""The memory of a running bot, looked at all the while."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from bot.bench.start import resident

LOOKS = 0.25
"""Seconds between two looks."""


class Memory:
    """The bot's memory, looked at all the while. Megabytes; None where the system does not say."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self._looks: list[float] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before = resident(pid)
        self._after: float | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._after = resident(self._pid)

    def _look(self) -> None:
        while not self._done.wait(LOOKS):
            held = resident(self._pid)
            if held is not None:
                self._looks.append(held)

    def figures(self) -> dict[str, float | None]:
        """Before the flood, the most while it was worked, and after it."""
        named = {
            "before": self._before,
            "peak": max(self._looks, default=None),
            "after": self._after,
        }
        return {name: None if one is None else round(one, 1) for name, one in named.items()}
