"""Socket Mode with a real Bolt app: delivery, acknowledgement, loss and reconnection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.demo.slack import Limits, SlackServer
from bot.errors import BadInput
from tests.demo.slack.made import ALERTS, MANIFEST, button, card, joined

Json = dict[str, Any]

CHANGE = {"type": "user_change", "user": {"id": "U1"}}


@pytest.fixture
def hasty() -> Iterator[SlackServer]:
    """A workspace that waits a fifth of a second for an acknowledgement."""
    with SlackServer(manifest=MANIFEST, limits=Limits(enforced=False, ack_seconds=0.2)) as server:
        yield server


class Heard:
    """Listeners that keep what they were sent."""

    def __init__(self) -> None:
        self.bodies: list[Json] = []
        self.events: list[Json] = []
        self.retries: list[str] = []

    def listen(self, app: App) -> None:
        """Register them."""

        @app.command("/callwarden")
        def command(ack: Ack, body: Json) -> None:
            self.bodies.append(body)
            ack(f"You said {body['text']}")

        @app.action("take")
        def take(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            self.bodies.append(body)
            channel, ts = body["channel"]["id"], body["message"]["ts"]
            client.chat_update(channel=channel, ts=ts, text="taken", blocks=[])

        @app.event("user_change")
        def change(event: Json) -> None:
            self.events.append(event)


def posted(slack: SlackServer) -> str:
    """Post a card; returns its ts."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    blocks = card(button("take", value="A-7K2QF"), button("slow"))
    ts: str = client.chat_postMessage(channel=slack.channels[ALERTS], text="x", blocks=blocks)["ts"]
    return ts


# ── what arrives ────────────────────────────────────────────────────────────


def test_a_command_is_acknowledged_and_its_answer_is_private(slack: SlackServer) -> None:
    """The acknowledgement's text is shown to the person as an ephemeral."""
    heard = Heard()
    with joined(slack, heard.listen):
        done = slack.slash("analyst", ALERTS, "/callwarden", "status").wait()

    assert done.answer == {"text": "You said status"}
    assert 0 < done.took < 3
    assert [one["text"] for one in slack.ephemerals("analyst")] == ["You said status"]
    assert slack.messages(ALERTS) == []


def test_a_commands_payload_is_slacks(slack: SlackServer) -> None:
    """It names person, team and channel as Slack does, also in a direct message."""
    heard = Heard()
    person = slack.people["analyst"]
    with joined(slack, heard.listen):
        slack.slash("analyst", ALERTS, "/callwarden", "a b").wait()
        slack.say("analyst", person.id, "hello")
        slack.slash("analyst", person.id, "/callwarden", "").wait()

    first, second = heard.bodies
    assert (first["user_id"], first["team_id"]) == (person.id, person.team)
    assert (first["command"], first["text"]) == ("/callwarden", "a b")
    assert (first["channel_id"], first["channel_name"]) == (slack.channels[ALERTS], ALERTS)
    assert first["response_url"].startswith(slack.page_url)
    assert second["channel_name"] == "directmessage"


def test_a_press_carries_the_message_and_may_change_it(slack: SlackServer) -> None:
    """block_actions holds the whole message, who pressed, and the button's value."""
    heard = Heard()
    with joined(slack, heard.listen):
        ts = posted(slack)
        slack.press("stranger", ALERTS, ts, "take").wait()
        slack.wait(lambda: slack.messages(ALERTS)[0]["text"] == "taken")

    body = heard.bodies[0]
    assert body["message"]["blocks"][2]["block_id"] == "doings"
    assert body["user"]["team_id"] == slack.people["stranger"].team != slack.team
    assert [(one["action_id"], one["value"]) for one in body["actions"]] == [("take", "A-7K2QF")]
    assert body["container"]["message_ts"] == ts


def test_what_is_not_there_cannot_be_pressed(slack: SlackServer) -> None:
    """A missing button, message, person, command or subscription is a BadInput."""
    ts = posted(slack)
    wrong: list[Callable[[], object]] = [
        lambda: slack.press("analyst", ALERTS, ts, "contain"),
        lambda: slack.press("analyst", ALERTS, "1.000000", "take"),
        lambda: slack.press("nobody", ALERTS, ts, "take"),
        lambda: slack.slash("analyst", ALERTS, "/unknown", ""),
        lambda: slack.event({"type": "reaction_added"}),
    ]
    for one in wrong:
        with pytest.raises(BadInput):
            one()


def test_an_event_arrives_with_its_envelope(slack: SlackServer) -> None:
    """What the app subscribed to is delivered and acknowledged."""
    heard = Heard()
    with joined(slack, heard.listen):
        slack.event(CHANGE).wait()
        slack.wait(lambda: heard.events)

    assert heard.events[0]["user"] == {"id": "U1"}


def test_a_mention_is_heard_and_plain_talk_is_not(slack: SlackServer) -> None:
    """app_mention is subscribed to, message.channels is not."""
    mentions: list[Json] = []

    def listen(app: App) -> None:
        @app.event("app_mention")
        def mention(event: Json) -> None:
            mentions.append(event)

    with joined(slack, listen):
        slack.say("analyst", ALERTS, "plain talk")
        slack.say("analyst", ALERTS, f"<@{slack.bot_user}> help")
        slack.wait(lambda: mentions)

    assert [one["text"] for one in mentions] == [f"<@{slack.bot_user}> help"]


# ── what does not ───────────────────────────────────────────────────────────


def test_without_a_socket_it_fails_at_once(slack: SlackServer) -> None:
    """The person sees Slack's sentence; nothing is kept for later."""
    done = slack.slash("analyst", ALERTS, "/callwarden", "")

    with pytest.raises(TimeoutError, match="dispatch_failed"):
        done.wait(1)

    assert done.failed == '/callwarden failed with the error "dispatch_failed"'


def test_a_click_that_is_not_acknowledged_is_never_sent_again(hasty: SlackServer) -> None:
    """A listener that is too slow gets it once; the person sees that it failed."""
    calls: list[str] = []
    release = threading.Event()

    def listen(app: App) -> None:
        @app.action("slow")
        def slow(ack: Ack) -> None:
            calls.append("slow")
            release.wait(5)
            ack()

    with joined(hasty, listen):
        done = hasty.press("analyst", ALERTS, posted(hasty), "slow")
        with pytest.raises(TimeoutError, match="did not work"):
            done.wait(2)
        release.set()

    assert calls == ["slow"]
    assert done.acked_at is None


def test_an_event_that_is_not_acknowledged_comes_again(hasty: SlackServer) -> None:
    """It is delivered again with a count and a reason, until it is acknowledged."""
    seen: list[tuple[list[str], list[str]]] = []

    def listen(app: App) -> None:
        @app.middleware
        def late(req: Any, next_: Any) -> Any:
            seen.append(
                (
                    req.headers.get("x-slack-retry-num", []),
                    req.headers.get("x-slack-retry-reason", []),
                )
            )
            return next_() if len(seen) > 2 else None

        @app.event("user_change")
        def change(event: Json) -> None:
            seen.append((["done"], []))

    with joined(hasty, listen):
        done = hasty.event(CHANGE).wait()
        hasty.wait(lambda: seen[-1][0] == ["done"])

    assert [reason for _, reason in seen[1:3]] == [["timeout"], ["timeout"]]
    assert [number for number, _ in seen[1:3]] == [["1"], ["2"]]
    assert done.attempts == 3


def test_an_event_is_given_up_after_three_retries(hasty: SlackServer) -> None:
    """Four deliveries in all, then it fails."""

    def listen(app: App) -> None:
        app.middleware(lambda: None)

    with joined(hasty, listen):
        done = hasty.event(CHANGE)
        with pytest.raises(TimeoutError):
            done.wait(5)

    assert done.attempts == 4


def test_an_event_waits_for_a_socket(slack: SlackServer) -> None:
    """What happened while nobody was connected is delivered on connection."""
    heard = Heard()
    done = slack.event(CHANGE)

    with joined(slack, heard.listen):
        done.wait()
        slack.wait(lambda: heard.events)

    assert len(heard.events) == 1


def test_a_bot_that_reconnects_loses_no_click(slack: SlackServer) -> None:
    """After a disconnect message the client is back and the next press works."""
    heard = Heard()
    with joined(slack, heard.listen):
        slack.disconnect()
        slack.wait(lambda: len(slack.calls("apps.connections.open")) >= 2)
        slack.wait(lambda: slack.connected == 1)

        done = slack.slash("analyst", ALERTS, "/callwarden", "again").wait()

    assert done.answer == {"text": "You said again"}


def test_an_event_lost_with_its_socket_comes_again(slack: SlackServer) -> None:
    """The connection breaks before the acknowledgement: it is delivered on the next one."""
    seen: list[list[str]] = []

    def listen(app: App) -> None:
        @app.middleware
        def breaks(req: Any, next_: Any) -> Any:
            seen.append(req.headers.get("x-slack-retry-reason", []))
            if len(seen) > 1:
                return next_()
            slack.cut()
            slack.wait(lambda: slack.connected == 0)
            return None

        @app.event("user_change")
        def change() -> None:
            seen.append(["done"])

    with joined(slack, listen):
        done = slack.event(CHANGE).wait()
        slack.wait(lambda: ["done"] in seen)

    assert seen[:2] == [[""], ["connection_failed"]]
    assert done.attempts == 2


def test_connections_are_counted_down_when_they_close(slack: SlackServer) -> None:
    """Closing the client leaves no socket behind."""
    with joined(slack, Heard().listen):
        assert slack.connected == 1

    assert slack.wait(lambda: slack.connected == 0)


def test_many_clicks_at_once_are_all_acknowledged(slack: SlackServer) -> None:
    """Fifty presses by several people in one go lose nothing."""
    heard = Heard()
    with joined(slack, heard.listen):
        sent = [slack.slash("analyst", ALERTS, "/callwarden", str(place)) for place in range(50)]
        for one in sent:
            one.wait()

    assert sorted(int(body["text"]) for body in heard.bodies) == list(range(50))


def test_a_bad_acknowledgement_is_shown_as_a_failure(slack: SlackServer) -> None:
    """Blocks that Slack refuses come to the person as a failed command."""

    def listen(app: App) -> None:
        @app.command("/audit")
        def audit(ack: Ack) -> None:
            ack(text="x", blocks=[{"type": "nonsense"}])

    with joined(slack, listen):
        done = slack.slash("analyst", ALERTS, "/audit", "")
        with pytest.raises(TimeoutError, match="invalid_blocks"):
            done.wait()

    assert slack.ephemerals("analyst") == []


def test_nobody_presses_in_a_channel_that_they_are_not_in() -> None:
    """A guest sees one channel; a card in another cannot be pressed by them, by a member it can."""
    with SlackServer(manifest=MANIFEST, channels=(ALERTS, "training-alerts")) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        room = slack.channels["training-alerts"]
        ts = str(client.chat_postMessage(channel=room, text="A card", blocks=card())["ts"])
        with pytest.raises(BadInput, match="not in this channel"):
            slack.press("guest", room, ts, "take")
        assert slack.press("analyst", room, ts, "take").payload["user"]["id"]
