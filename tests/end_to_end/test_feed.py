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
from tests.detection.mmdb import database
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


@pytest.fixture
def knowing(tmp_path: Path) -> Iterator[Stage]:
    """A stage on which the bot is given a file that tells whose addresses are."""
    instances = {PROD: ("prod", ALERTS), SCHOOL: ("training", TRAINING)}
    made = Stage(tmp_path / "stage", manifest=text(), instances=instances, limits=Limits(), seed=7)
    example = {"asn": "AS64500", "as_name": "Example", "country": "DE"}
    with made:
        (made.folder / "geo.mmdb").write_bytes(database({"198.51.100.0/24": example}))
        with made.config.open("a", encoding="utf-8") as settings:
            settings.write('\n[baseline]\ngeo_database = "geo.mmdb"\n')
        made.start_bot()
        yield made


def test_a_card_says_whose_the_address_is(knowing: Stage) -> None:
    """By the file of the settings; and status says that baselines warm up."""
    knowing.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(knowing.slack)) == 1, 20, "the card")

    [posted] = [call.args for call in knowing.slack.calls("chat.postMessage") if call.ok]
    assert "from `198.51.100.7` (AS64500 Example, DE)" in str(posted["blocks"])
    wait_until(lambda: "Baselines are warming up: 7 more days" in status_of(knowing), 20, "status")
