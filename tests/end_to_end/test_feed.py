"""The bot's own feed, from SQS on loopback to a card in Slack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.slack import Limits
from bot.demo.stage import ALERTS, TRAINING, Stage, wait_until
from bot.manifest import text
from tests.end_to_end.conftest import PROD, SCHOOL
from tests.end_to_end.test_run import status_of


@pytest.fixture
def given_up(tmp_path: Path) -> Iterator[Stage]:
    """A stage on which a message was redriven to the dead-letter queue before the bot started."""
    instances = {PROD: ("prod", ALERTS), SCHOOL: ("training", TRAINING)}
    made = Stage(tmp_path / "stage", manifest=text(), instances=instances, limits=Limits(), seed=7)
    with made:
        made.aws.give_up('{"detail": "nobody could read this"}')
        made.start_bot()
        yield made


def test_a_redriven_message_becomes_a_card_and_status_names_it(given_up: Stage) -> None:
    """One card, with the queue and the number; in status too, beside how soon cards come."""
    wait_until(lambda: len(cards(given_up.slack)) == 1, 20, "the card")

    [card] = cards(given_up.slack)
    held = "The dead-letter queue of callwarden-demo (callwarden-demo-dead) holds 1 message"
    assert held in card.text
    assert {"alert_take", "alert_resolve", "alert_details"} <= card.shown
    named = f"❌ {held} (since"
    wait_until(lambda: named in status_of(given_up), 20, "status to name it")
    status = status_of(given_up)
    assert "1 dead letter ·" in status
    assert "nothing to measure yet" in status

    given_up.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(given_up.slack)) == 2, 20, "the other card")
    wait_until(lambda: "Record to card: median" in status_of(given_up), 20, "its latency")
