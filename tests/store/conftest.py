"""Every store that must keep the contract; add the next one to `_OPENERS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.ports import Store
from bot.store import SqliteStore

Open = Callable[[], Store]
"""Opens the same memory once more, as a process does that starts after another died."""


def _sqlite(folder: Path) -> Store:
    return SqliteStore(folder / "callwarden.db")


_OPENERS: dict[str, Callable[[Path], Store]] = {"sqlite": _sqlite}


@pytest.fixture(params=sorted(_OPENERS))
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store under test; whatever was opened is closed at the end."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(_OPENERS[request.param](tmp_path))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def memory(open_again: Open) -> Store:
    """A store under test, empty, known by its port only."""
    return open_again()
