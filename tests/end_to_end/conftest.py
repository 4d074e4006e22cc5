"""The unmodified bot as a child process, in a workspace and an account on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.bench import load
from bot.demo.slack import Limits
from bot.demo.stage import ALERTS, TRAINING, Stage
from bot.manifest import text
from tests.end_to_end.eyes import CHROMIUM

PROD = load.instance_id(1)
SCHOOL = load.instance_id(2)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with the bot on it. Its settings, store and log are in `stage.folder`."""
    instances = {PROD: ("prod", ALERTS), SCHOOL: ("training", TRAINING)}
    made = Stage(tmp_path / "stage", manifest=text(), instances=instances, limits=Limits(), seed=7)
    with made:
        made.start_bot()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, kept from calling home."""
    with sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, stage: Stage) -> Iterator[Page]:
    """The workspace, as wide as a laptop; the channel of prod's alerts is open."""
    context = browser.new_context(viewport={"width": 1180, "height": 860})
    opened = context.new_page()
    channel = next(iter(stage.slack.channels.values()))
    opened.goto(f"{stage.slack.page_url}?channel={channel}")
    yield opened
    context.close()
