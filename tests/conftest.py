"""Fixtures that many tests share: a clock to turn and a real store in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.store import SqliteStore
from tests.builders import FakeClock

# Examples open real files on machines that others use too: no deadline, and not many of them.
settings.register_profile(
    "callwarden",
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("callwarden")


@pytest.fixture
def clock() -> FakeClock:
    """Noon, until it is told to tick."""
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the store's file will be."""
    return tmp_path / "callwarden.db"


@pytest.fixture
def store(database: Path) -> Iterator[SqliteStore]:
    """A real, empty store."""
    opened = SqliteStore(database)
    yield opened
    opened.close()
