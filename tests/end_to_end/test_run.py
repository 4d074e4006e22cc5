"""`callwarden run` from outside: kill -9, SIGTERM, a second process, a dead token."""

from __future__ import annotations

import json
import os
import subprocess

import psutil
import pytest

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.slack import Fault
from bot.demo.stage import Stage, command, wait_until
from bot.store import SqliteStore
from tests.end_to_end.conftest import PROD, SCHOOL

PRESSERS = ("analyst", "guest")
"""One who may, one who may not."""


def waiting(stage: Stage) -> int:
    """Sends that are not done."""
    store = SqliteStore(stage.store)
    counts = store.counts()
    store.close()
    return counts.get("sends.waiting", 0) + counts.get("sends.sending", 0)


def connecting(stage: Stage) -> bool:
    """The bot's process has opened a connection of its own."""
    return any(connection.raddr for connection in psutil.Process(stage.pid).net_connections("tcp"))


def test_sigterm_stops_cleanly_with_everything_stored(stage: Stage) -> None:
    """Exit status 0 within ten seconds, though alerts still wait to be posted."""
    for number in range(6):
        stage.aws.send_event(load.emergency_login(f"person-{number}", PROD))
    wait_until(lambda: len(cards(stage.slack)) >= 1, 20, "the first card")

    status, _ = stage.stop_bot()

    assert status == 0
    stage.start_bot()
    wait_until(lambda: len(cards(stage.slack)) >= 6, 30, "all cards")
    assert len({card.alert for card in cards(stage.slack)}) == len(cards(stage.slack)) == 6


def test_a_post_cut_off_by_kill_9_is_not_posted_twice(stage: Stage) -> None:
    """Slack took the message but the bot never heard so and died: it is found, not repeated."""
    stage.slack.order(Fault(method="chat.postMessage", kind="drop_after"))
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(stage.slack)) == 1, 20, "the card")

    stage.kill_bot()
    stage.start_bot()
    wait_until(lambda: waiting(stage) == 0, 20, "the sender to make sure")

    assert len(cards(stage.slack)) == 1
    assert [call.ok for call in stage.slack.calls("conversations.history")] == [True]


def test_a_second_process_on_the_same_store_is_refused(stage: Stage) -> None:
    """Two would post everything twice."""
    second = subprocess.run(
        [*command(), "run", "-c", str(stage.config)],
        env=stage.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert second.returncode == 2
    assert "Another callwarden runs on" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_start_with_a_dead_token_says_so(stage: Stage) -> None:
    """One sentence names Slack's code; the token itself is nowhere."""
    stage.stop_bot()
    stage.slack.revoke()

    started = subprocess.run(
        [*command(), "run", "-c", str(stage.config)],
        env=stage.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert started.returncode == 2
    assert "token_revoked" in started.stderr
    assert "Traceback" not in started.stderr
    assert stage.slack.bot_token not in started.stderr + started.stdout


def test_a_start_with_a_wrong_app_token_says_so(stage: Stage) -> None:
    """The bot token is good, the app token is not: one sentence names the variable."""
    stage.stop_bot()
    wrong = "xapp-1-wrong-but-secret"

    started = subprocess.run(
        [*command(), "run", "-c", str(stage.config)],
        env={**stage.environment(), "SLACK_APP_TOKEN": wrong},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert started.returncode == 2
    assert "SLACK_APP_TOKEN (invalid_auth)" in started.stderr
    assert "Traceback" not in started.stderr
    assert wrong not in started.stderr + started.stdout


def decided(stage: Stage) -> set[str]:
    """The kinds of decisions in the ledger."""
    store = SqliteStore(stage.store)
    kinds = {link.kind for link in store.links()}
    store.close()
    return kinds


@pytest.mark.parametrize("cold", [False, True], ids=["people known", "people not known"])
def test_no_ack_waits_for_slack(stage: Stage, cold: bool) -> None:
    """Every call takes 2 s, yet each ack comes within one: none of them stands before it."""
    if cold:
        stage.stop_bot()
        stage.slack.order(Fault(method="users.info", kind="slow", seconds=2, times=40))
        stage.slack.order(Fault(method="usergroups.users.list", kind="slow", seconds=2, times=10))
        stage.start_bot()
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(stage.slack)) == 1, 20, "the card")
    [card] = cards(stage.slack)
    stage.slack.order(Fault(method="*", kind="slow", seconds=2, times=20))

    presses = [stage.slack.press(w, card.channel, card.ts, "alert_take") for w in PRESSERS]
    presses.append(stage.slack.slash("analyst", card.channel, "/callwarden", "status"))

    assert [press.wait(5).took < 1.0 for press in presses] == [True] * 3
    expected = {"alert.take", "take.refused"}
    wait_until(lambda: decided(stage) == expected, 30, "both decisions in the ledger")


def test_alerts_of_an_instance_go_to_its_own_channel(stage: Stage) -> None:
    """prod's alert hangs in one channel, training's in the other."""
    stage.aws.send_event(load.emergency_login("ana@example.com", PROD))
    stage.aws.send_event(load.emergency_login("bo@example.com", SCHOOL))
    wait_until(lambda: len(cards(stage.slack)) == 2, 20, "both cards")

    channels = stage.slack.channels
    where = {card.channel: card.text for card in cards(stage.slack)}
    assert "ana@example.com" in where[channels["contact-centre-alerts"]]
    assert "bo@example.com" in where[channels["training-alerts"]]


def status_of(stage: Stage) -> str:
    """What `/callwarden status` answers."""
    channel = next(iter(stage.slack.channels.values()))
    answered = stage.slack.slash("analyst", channel, "/callwarden", "status").wait(5)
    return json.dumps(answered.answer, ensure_ascii=False)


def test_a_channel_that_others_can_read_is_warned_of(stage: Stage) -> None:
    """The alerts' channel has somebody of another workspace in it; the private other is fine."""
    warned = "#contact-centre-alerts (C"
    wait_until(lambda: warned in status_of(stage), 20, "the channels to be looked at")

    assert "is shared with another workspace: people there can read it." in status_of(stage)
    assert "#training-alerts" not in status_of(stage)
    log = stage.log.read_text(encoding="utf-8")
    assert "WARNING bot.channels: #contact-centre-alerts" in log
    assert "is public" not in log


def test_nothing_is_lost_while_slack_is_down(stage: Stage) -> None:
    """Slack answers nothing but 503 for a while; then the card comes, once."""
    stage.slack.order(Fault(method="chat.postMessage", kind="error", status=503, times=2))
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))

    wait_until(lambda: len(cards(stage.slack)) == 1, 30, "the card")
    wait_until(lambda: waiting(stage) == 0, 30, "the sender to be done")

    assert len(cards(stage.slack)) == 1


def test_no_secret_is_in_the_log(stage: Stage) -> None:
    """Neither token nor key stands in the log, also after faults."""
    stage.slack.order(Fault(method="chat.postMessage", kind="error", status=500, times=1))
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    wait_until(lambda: len(cards(stage.slack)) == 1, 30, "the card")
    stage.stop_bot()

    log = stage.log.read_text(encoding="utf-8")
    for secret in (stage.slack.bot_token, stage.slack.app_token):
        assert secret not in log
    assert os.environ.get("AWS_SECRET_ACCESS_KEY", "no key") not in log


def test_a_connection_that_was_cut_without_a_word_is_made_again(stage: Stage) -> None:
    """No farewell came; within half a minute people are heard again."""
    channel = next(iter(stage.slack.channels.values()))
    stage.slack.cut()
    wait_until(lambda: stage.slack.connected == 0, 5, "the connection to be gone")

    wait_until(lambda: stage.slack.connected > 0, 30, "the bot to connect again")

    assert stage.slack.slash("analyst", channel, "/callwarden", "status").wait(5).took < 1.0


def test_sigterm_during_the_start_ends_it(stage: Stage) -> None:
    """Slack does not answer the first question; the start is left all the same, and goes later."""
    stage.stop_bot()
    asked = len(stage.slack.calls("auth.test"))
    stage.slack.order(Fault(method="auth.test", kind="slow", seconds=8))
    stage.start_bot(wait=False)
    wait_until(lambda: connecting(stage), 20, "the bot to ask who it is")

    status, _ = stage.stop_bot()

    assert status == 0
    assert len(stage.slack.calls("auth.test")) == asked
    stage.start_bot()
