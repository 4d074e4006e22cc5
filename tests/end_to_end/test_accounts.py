"""The accounts of `callwarden demo --once` find what went wrong, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.demo import play_once
from bot.demo.slack import Fault as SlackFault
from bot.demo.stage import ALERTS, TRAINING, Stage
from bot.demo.story import PROD
from bot.demo.story import TRAINING as SCHOOL
from bot.errors import Fault
from bot.manifest import text

SEED = 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The demo's own stage; the bot is not on it yet."""
    instances = {PROD.id: (PROD.name, ALERTS), SCHOOL.id: (SCHOOL.name, TRAINING)}
    with Stage(tmp_path / "stage", manifest=text(), instances=instances, seed=SEED) as made:
        yield made


def test_a_card_that_slack_refused_is_named(stage: Stage) -> None:
    """An alert that nobody can see is a fault, and so is the send that was given up. Somebody was
    woken for it, which the store, its ledger and AWS's log agree about."""
    training = stage.slack.channels[TRAINING]
    stage.slack.order(
        SlackFault(
            method="chat.postMessage", kind="ok_false", code="no_permission", channel=training
        )
    )

    accounts = play_once(stage, SEED)

    assert [fault.partition(":")[0] for fault in accounts.faults] == [
        "alerts without a card",
        "sends refused",
    ]
    assert accounts.summary["lost"] == 1
    assert accounts.summary["pages"] == len(stage.aws.pages()) == 1


def test_faults_that_the_bot_gets_over_are_none(stage: Stage) -> None:
    """Near miss: an answer that was lost, a 429 and a 503 leave no trace in the numbers."""
    for kind in ("drop_after", "ratelimited", "error"):
        stage.slack.order(SlackFault(method="chat.postMessage", kind=kind))

    accounts = play_once(stage, SEED)

    assert accounts.faults == []
    assert accounts.summary["pages"] == 0
    assert accounts.summary["rate_limited"] == 1


def test_a_message_that_the_store_does_not_know_is_named(stage: Stage) -> None:
    """Something more on the queue than the story put there shows in the calls to AWS."""
    stage.aws.send('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "another"}')

    accounts = play_once(stage, SEED)

    assert [fault.partition(":")[0] for fault in accounts.faults] == ["messages deleted"]


def test_a_command_that_nobody_answered_is_named(stage: Stage) -> None:
    """It was sent before the bot was there; the commands of the play are counted as before."""
    channel = stage.slack.channels[ALERTS]
    stage.slack.slash("analyst", channel, "/callwarden", "status")

    accounts = play_once(stage, SEED)

    assert accounts.faults == ["not acknowledged: ['/callwarden'], expected []"]
    assert accounts.summary["commands"] == 4


def test_a_command_that_the_play_does_not_know_is_named(stage: Stage) -> None:
    """Somebody else has asked something, and was answered: Slack's log has one more."""
    stage.start_bot()
    stage.slack.slash("analyst", stage.slack.channels[ALERTS], "/callwarden", "help").wait(20)
    stage.stop_bot()
    stage.slack.wait(lambda: stage.slack.connected == 0)

    accounts = play_once(stage, SEED)

    assert accounts.faults == ["commands answered, by Slack's log: 5, expected 4"]


def test_a_modal_that_does_not_open_is_said(stage: Stage) -> None:
    """What people cannot do ends the play with its reason, not with a traceback."""
    stage.slack.order(SlackFault(method="views.open", kind="ok_false", code="expired_trigger_id"))

    with pytest.raises(Fault, match="modal"):
        play_once(stage, SEED)


def test_a_page_that_the_store_does_not_know_is_named(stage: Stage) -> None:
    """Somebody else rang the topic."""
    stage.aws.ring("A page from elsewhere.")

    accounts = play_once(stage, SEED)

    assert [fault.partition(":")[0] for fault in accounts.faults] == ["pages that reached somebody"]
