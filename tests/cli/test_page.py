"""`callwarden page test` says what went out, or what is wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.aws import LoopbackAws
from bot.demo.stage import command

SETTINGS = """
[slack]
channel = "C0ALERTS"
[people.take]
users = ["U0ANA"]
[people.resolve]
users = ["U0ANA"]
"""


@pytest.fixture
def account() -> Iterator[LoopbackAws]:
    """An account with a topic."""
    with LoopbackAws() as account:
        yield account


def page_test(account: LoopbackAws, folder: Path, topic: str) -> subprocess.CompletedProcess[str]:
    """The command, with *topic* in the settings; it needs no Slack token and makes no store."""
    config = folder / "callwarden.toml"
    paging = f'[paging]\nsns_topic = "{topic}"\n' if topic else ""
    config.write_text(SETTINGS + paging, encoding="utf-8")
    done = subprocess.run(
        [*command(), "page", "test", "-c", str(config)],
        env=account.environment(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert not (folder / "callwarden.db").exists()
    return done


def test_a_test_page_reaches_the_topic(account: LoopbackAws, tmp_path: Path) -> None:
    """Exit 0, and what was sent is shown word for word."""
    done = page_test(account, tmp_path, account.topic_arn)
    assert done.returncode == 0, done.stderr
    [paged] = account.pages()
    assert paged.attributes["why"] == "test"
    assert account.topic_arn in done.stdout
    assert paged.text in done.stdout


def test_without_a_topic_it_says_so(account: LoopbackAws, tmp_path: Path) -> None:
    """Exit 2, with the setting that is missing."""
    done = page_test(account, tmp_path, "")
    assert done.returncode == 2
    assert "nobody is woken. Set sns_topic under [paging]." in done.stderr


def test_a_topic_that_is_not_there_is_named(account: LoopbackAws, tmp_path: Path) -> None:
    """Exit 2, and nobody got anything."""
    done = page_test(account, tmp_path, account.topic_arn + "-typo")
    assert done.returncode == 2
    assert "There is no topic" in done.stderr
    assert account.pages() == []
