"""The unmodified bot as a child process, in a workspace and an account on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.bench import load
from bot.demo.slack import Limits
from bot.demo.stage import ALERTS, TRAINING, Stage
from bot.manifest import text

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
