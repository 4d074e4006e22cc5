"""response_url: where its answers go, and how often it may be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.demo.slack import Limits, SlackServer
from tests.demo.slack.made import ALERTS, MANIFEST, button, card, joined

Json = dict[str, Any]


class Urls:
    """A bot that only keeps the response_urls it is sent."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def listen(self, app: App) -> None:
        """Register the listeners."""

        @app.command("/callwarden")
        def command(ack: Ack, body: Json) -> None:
            self.kept.append(body["response_url"])
            ack()

        @app.action("take")
        def take(ack: Ack, body: Json) -> None:
            self.kept.append(body["response_url"])
            ack()

    def answer(self, **more: Any) -> WebhookResponse:
        """Answer to the last one."""
        return WebhookClient(self.kept[-1], retry_handlers=[]).send_dict(more)


@pytest.fixture
def urls(slack: SlackServer) -> Iterator[Urls]:
    """The bot, connected; the analyst has sent a command."""
    urls = Urls()
    with joined(slack, urls.listen):
        slack.slash("analyst", ALERTS, "/callwarden", "").wait()
        yield urls


def press(slack: SlackServer, client: WebClient) -> str:
    """Post a card and press it as the analyst; returns its ts."""
    blocks = card(button("take"))
    ts: str = client.chat_postMessage(channel=slack.channels[ALERTS], text="c", blocks=blocks)["ts"]
    slack.press("analyst", ALERTS, ts, "take").wait()
    return ts


def test_an_answer_is_private_unless_it_says_otherwise(slack: SlackServer, urls: Urls) -> None:
    """Ephemeral by default; in_channel is for all."""
    urls.answer(text="only you")
    urls.answer(text="all", response_type="in_channel")

    assert [one["text"] for one in slack.ephemerals("analyst")] == ["only you"]
    assert [one["text"] for one in slack.messages(ALERTS)] == ["all"]


def test_five_answers_and_no_more(slack: SlackServer, urls: Urls) -> None:
    """The sixth is refused and shows nothing."""
    statuses = [urls.answer(text=str(place)).status_code for place in range(6)]

    assert statuses == [200] * 5 + [404]
    assert len(slack.ephemerals("analyst")) == 5


def test_after_its_time_a_url_is_expired() -> None:
    """Half an hour by default."""
    urls = Urls()
    limits = Limits(enforced=False, answer_seconds=0.0)
    with SlackServer(manifest=MANIFEST, limits=limits) as slack, joined(slack, urls.listen):
        slack.slash("analyst", ALERTS, "/callwarden", "").wait()

        late = urls.answer(text="late")

    assert Limits().answer_seconds == 1800
    assert (late.status_code, "expired_url" in late.body) == (404, True)


def test_the_message_pressed_may_be_replaced_or_deleted(
    slack: SlackServer, client: WebClient, urls: Urls
) -> None:
    """replace_original edits it in place, delete_original takes it away."""
    ts = press(slack, client)

    urls.answer(text="replaced", replace_original=True)

    assert [(one["ts"], one["text"]) for one in slack.messages(ALERTS)] == [(ts, "replaced")]
    urls.answer(delete_original=True)
    assert slack.messages(ALERTS) == []


def test_an_ephemeral_can_be_pressed_and_replaced(
    slack: SlackServer, client: WebClient, urls: Urls
) -> None:
    """It is changed for its reader alone; the payload holds no message."""
    person = slack.people["analyst"].id
    channel = slack.channels[ALERTS]
    client.chat_postEphemeral(channel=channel, user=person, text="e", blocks=card(button("take")))
    ts = slack.ephemerals("analyst")[0]["ts"]

    done = slack.press("analyst", ALERTS, ts, "take").wait()
    urls.answer(text="done", replace_original=True)

    assert "message" not in done.payload
    assert [one["text"] for one in slack.ephemerals("analyst")] == ["done"]
    urls.answer(delete_original=True)
    assert slack.ephemerals("analyst") == []


def test_a_bad_answer_is_refused(slack: SlackServer, urls: Urls) -> None:
    """Nothing to say, or blocks Slack refuses: an error, and nothing is shown."""
    assert "no_text" in urls.answer(text="").body
    assert "invalid_blocks" in urls.answer(blocks=[{"type": "nonsense"}]).body
    assert slack.ephemerals("analyst") == []


def test_answers_are_in_the_call_log(slack: SlackServer, urls: Urls) -> None:
    """As the method response_url, which faults may be ordered for too."""
    urls.answer(text="x")

    assert [call.ok for call in slack.calls("response_url")] == [True]
