"""People are woken: the unmodified bot, Slack and SNS on loopback, kill -9 in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.bench import load
from bot.demo.acts import cards, thread_of
from bot.demo.aws import Paged
from bot.demo.slack import Fault
from bot.demo.stage import ALERTS, Patience, Stage, wait_until
from bot.manifest import text
from bot.store import SqliteStore
from tests.end_to_end.conftest import PROD

NO_WAIT = Patience(call=0.04, page=0.04, slack=0.02)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage on which nobody has any patience, with the bot on it."""
    made = Stage(
        tmp_path / "stage",
        manifest=text(),
        instances={PROD: ("prod", ALERTS)},
        seed=7,
        patience=NO_WAIT,
    )
    with made:
        made.start_bot()
        yield made


def pages(stage: Stage, why: str) -> list[Paged]:
    """What reached the topic for this reason."""
    return [page for page in stage.aws.pages() if page.attributes["why"] == why]


def ledger(stage: Stage) -> list[str]:
    """What the ledger says of pages and escalation; the whole of it verifies."""
    store = SqliteStore(stage.store)
    try:
        assert store.verify().whole
        kinds = [link.kind for link in store.links()]
    finally:
        store.close()
    return sorted(kind for kind in kinds if kind.startswith(("page.", "alert.escalate")))


def an_alert(stage: Stage) -> None:
    """Somebody opens emergency access, and its card is posted."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(stage.slack)) == 1, 20, "the card")


def test_an_untaken_critical_alert_is_called_out_and_paged_once(stage: Stage) -> None:
    """In its thread with the group, and by page; a bot that is killed does neither twice."""
    an_alert(stage)
    [card] = cards(stage.slack)
    wait_until(lambda: len(pages(stage, "untaken")) == 1, 75, "the page")
    wait_until(lambda: len(thread_of(stage.slack, card)) == 1, 20, "the call in the thread")

    stage.kill_bot()
    stage.start_bot()
    wait_until(lambda: len(ledger(stage)) == 3, 20, "the ledger")
    stage.stop_bot()

    [page] = pages(stage, "untaken")
    assert page.text.splitlines()[1:3] == [
        "Critical: mallory@example.com opened emergency access to prod",
        "Who: mallory@example.com",
    ]
    assert page.attributes["alert"] == card.alert
    [called] = thread_of(stage.slack, card)
    group = stage.slack.groups["soc-analysts"]
    assert called["text"].startswith(f"<!subteam^{group}> Nobody has taken {card.alert} for 1 min")
    assert ledger(stage) == ["alert.escalate", "alert.escalate", "page.sent"]


def test_an_alert_that_was_taken_calls_nobody(stage: Stage) -> None:
    """Near miss: somebody was quicker. A start looks at once for what is due."""
    an_alert(stage)
    [card] = cards(stage.slack)
    came = time.monotonic()
    stage.slack.press("analyst", card.channel, card.ts, "alert_take").wait(5)
    wait_until(lambda: "alert_take" not in cards(stage.slack)[0].shown, 20, "the card to show it")
    stage.kill_bot()
    wait_until(lambda: time.monotonic() - came > 60 * NO_WAIT.page, 10, "its time to come")

    store = SqliteStore(stage.store)
    before = store.last_run("escalate")
    stage.start_bot()
    wait_until(lambda: store.last_run("escalate") != before, 20, "a look at open alerts")
    store.close()

    assert stage.aws.pages() == []
    assert ledger(stage) == []


def test_a_slack_that_answers_nothing_is_paged_and_so_is_its_end(stage: Stage) -> None:
    """503 to everything: a page comes by SNS; once Slack is back another, and what waited."""
    stage.slack.order(Fault(method="*", kind="error", status=503, times=100_000))
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))

    wait_until(lambda: len(pages(stage, "slack_down")) == 1, 60, "the page")
    stage.slack.recover()
    wait_until(lambda: len(pages(stage, "slack_back")) == 1, 90, "the second page")

    assert "HTTP 503" in pages(stage, "slack_down")[0].text
    assert len(cards(stage.slack)) == 1
    assert len(pages(stage, "slack_down")) == 1


def test_a_card_that_slack_refuses_for_good_is_paged_once(stage: Stage) -> None:
    """Also where the bot is killed meanwhile; status would be seen too late."""
    fault = Fault(method="chat.postMessage", kind="ok_false", code="no_permission", times=9)
    stage.slack.order(fault)
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(pages(stage, "unseen")) == 1, 30, "the page")

    stage.kill_bot()
    stage.start_bot()
    stage.stop_bot()

    [page] = pages(stage, "unseen")
    assert "no_permission" in page.text
    assert "mallory@example.com opened emergency access to prod" in page.text


def status(stage: Stage) -> str:
    """What `/callwarden status` answers, at once or after we were looked up."""
    who = stage.slack.people["analyst"].id
    before = len(stage.slack.ephemerals(who))
    stage.slack.slash("analyst", stage.slack.channels[ALERTS], "/callwarden", "status").wait(5)
    wait_until(lambda: len(stage.slack.ephemerals(who)) > before, 10, "an answer")
    return str(stage.slack.ephemerals(who)[-1])


def test_without_a_topic_the_start_and_status_say_that_nobody_is_woken(stage: Stage) -> None:
    """It is not found out on the night when somebody should have been."""
    assert f"Pages go to `{stage.aws.topic_arn}`, none yet" in status(stage)
    stage.stop_bot()
    settings = stage.config.read_text(encoding="utf-8").splitlines(keepends=True)
    left = [line for line in settings if not line.startswith("sns_topic")]
    stage.config.write_text("".join(left), encoding="utf-8")
    assert "nobody is woken" not in stage.log.read_text(encoding="utf-8")

    stage.start_bot()

    assert "No paging topic is set: nobody is woken" in status(stage)
    assert "No paging topic is set: nobody is woken" in stage.log.read_text(encoding="utf-8")
