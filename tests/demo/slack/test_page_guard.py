"""The page's own endpoints: what they show, and whom they turn away."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.demo.slack import SlackServer
from tests.demo.slack.made import ALERTS


def fetched(slack: SlackServer, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a request to the page's endpoints."""
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    sent = None if body is None else json.dumps(body).encode()
    if body is not None:
        names.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(  # noqa: S310 - loopback
        slack.page_url + path, data=sent, headers=names
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


SAY = {"person": "analyst", "channel": ALERTS, "text": "hello"}


def test_the_page_says_what_a_person_typed(slack: SlackServer) -> None:
    """A request from the page itself is carried out."""
    origin = slack.page_url.rstrip("/")

    status, _ = fetched(slack, "page/say", SAY, Origin=origin)

    assert status == 200
    assert [one["text"] for one in slack.messages(ALERTS)] == ["hello"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_another_sites_request_is_turned_away(
    slack: SlackServer, headers: dict[str, str], status: int
) -> None:
    """A foreign origin, a rebound name and a simple form come to nothing."""
    assert fetched(slack, "page/say", SAY, **headers)[0] == status
    assert slack.messages(ALERTS) == []


def test_reading_is_guarded_too(slack: SlackServer) -> None:
    """State is shown to no other host name."""
    assert fetched(slack, "page/state", Host="evil.example")[0] == 403
    assert fetched(slack, "page/state")[0] == 200


def test_what_cannot_be_done_is_a_400_with_its_sentence(slack: SlackServer) -> None:
    """Unknown commands and incomplete requests are answered, not dropped."""
    status, body = fetched(
        slack, "page/slash", {"person": "analyst", "channel": ALERTS, "command": "/nope"}
    )

    assert (status, body["failed"]) == (400, "/nope is not a valid command.")
    assert fetched(slack, "page/slash", {"person": "analyst"})[0] == 400
    assert fetched(slack, "page/slash", ["person"])[0] == 400


def test_state_holds_what_this_person_may_see(slack: SlackServer, client: WebClient) -> None:
    """A guest has the first channel and their own direct message; ephemerals are their own."""
    client.chat_postMessage(channel=slack.channels[ALERTS], text="card")
    client.chat_postEphemeral(
        channel=slack.channels[ALERTS], user=slack.people["analyst"].id, text="secret"
    )

    _, guest = fetched(slack, "page/state?person=guest")
    _, analyst = fetched(slack, "page/state?person=analyst")

    assert [one["name"] for one in guest["channels"]] == [ALERTS, "directmessage"]
    assert [one["name"] for one in analyst["channels"]][:2] == [ALERTS, "general"]
    assert guest["ephemerals"] == []
    assert [one["text"] for one in analyst["ephemerals"]] == ["secret"]
    assert [one["command"] for one in guest["commands"]] == ["/callwarden", "/audit"]


def test_a_press_without_a_bot_is_answered_with_what_slack_shows(slack: SlackServer) -> None:
    """The page hears at once that the command failed."""
    ask = {"person": "analyst", "channel": ALERTS, "command": "/callwarden"}

    _, body = fetched(slack, "page/slash", ask)

    assert body == {
        "ok": False,
        "failed": '/callwarden failed with the error "dispatch_failed"',
    }


@pytest.mark.parametrize("name", ["", "page/page.js", "page/page.css"])
def test_the_page_loads_nothing_from_elsewhere(slack: SlackServer, name: str) -> None:
    """Its files name no other site, and a policy forbids it."""
    with urllib.request.urlopen(slack.page_url + name, timeout=5) as answer:  # noqa: S310 - loopback
        body, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]

    assert "http://" not in body
    assert "https://" not in body
    assert "default-src 'none'" in policy
