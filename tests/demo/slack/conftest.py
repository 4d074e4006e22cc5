"""A workspace for each test, without rate limits, and a client that knows no retries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.demo.slack import Limits, SlackServer
from tests.demo.slack.made import MANIFEST


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A running workspace in which nothing is too fast."""
    with SlackServer(manifest=MANIFEST, limits=Limits.off()) as server:
        yield server


@pytest.fixture
def client(slack: SlackServer) -> WebClient:
    """A plain client that shows every failure."""
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
