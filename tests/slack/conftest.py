"""A workspace on loopback and a sender at work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.slack import Limits, SlackServer
from tests.slack.desk import MANIFEST, Desk


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A workspace in which nothing is too fast: pace is the sender's to keep."""
    with SlackServer(manifest=MANIFEST, limits=Limits.off()) as server:
        yield server


@pytest.fixture
def desk(slack: SlackServer, database: Path) -> Iterator[Desk]:
    """A sender at work."""
    opened = Desk(slack, database)
    yield opened
    opened.close()
