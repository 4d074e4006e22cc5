"""Faults to order: what goes wrong, for how long, and what was done all the same."""

from __future__ import annotations

import http.client
import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.slack import Fault, SlackServer
from bot.demo.slack.faults import Orders
from tests.demo.slack.made import ALERTS, refusal

POST = "chat.postMessage"


def post(slack: SlackServer, client: WebClient, name: str = ALERTS) -> bool:
    """Post a message."""
    return bool(client.chat_postMessage(channel=slack.channels[name], text="x")["ok"])


def test_drop_before_posts_nothing_and_then_all_is_well(
    slack: SlackServer, client: WebClient
) -> None:
    """The connection closes, no message is there; the next call works."""
    slack.order(Fault(method=POST, kind="drop_before"))

    with pytest.raises(http.client.RemoteDisconnected):
        post(slack, client)

    assert slack.messages(ALERTS) == []
    assert post(slack, client)


def test_drop_after_posts_although_nobody_hears_of_it(
    slack: SlackServer, client: WebClient
) -> None:
    """The connection closes the same way, but the message is there, once."""
    slack.order(Fault(method=POST, kind="drop_after"))

    with pytest.raises(http.client.RemoteDisconnected):
        post(slack, client)

    assert len(slack.messages(ALERTS)) == 1
    assert [(call.ok, call.status) for call in slack.calls(POST)] == [(True, 0)]


def test_ratelimited_asks_for_the_ordered_seconds(slack: SlackServer, client: WebClient) -> None:
    """429 with Retry-After, as often as ordered."""
    slack.order(Fault(method=POST, kind="ratelimited", times=2, retry_after=7))

    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            post(slack, client)
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "7"

    assert post(slack, client)
    assert [call.status for call in slack.calls(POST)] == [429, 429, 200]


def test_error_answers_with_the_ordered_status(slack: SlackServer, client: WebClient) -> None:
    """A 503 is not JSON, as with the real one."""
    slack.order(Fault(method="*", kind="error", status=503))

    with pytest.raises(SlackApiError) as caught:
        client.auth_test()

    assert caught.value.response.status_code == 503
    assert client.auth_test()["ok"]


def test_ok_false_answers_with_the_ordered_code(slack: SlackServer, client: WebClient) -> None:
    """HTTP 200 with an error that the SDK's retry handlers do not know."""
    slack.order(Fault(method=POST, kind="ok_false", code="ratelimited"))

    assert refusal(lambda: post(slack, client)) == "ratelimited"


def test_slow_takes_its_time_and_does_it(slack: SlackServer, client: WebClient) -> None:
    """The call is carried out after the ordered seconds."""
    slack.order(Fault(method=POST, kind="slow", seconds=0.2))
    start = time.monotonic()

    post(slack, client)

    assert time.monotonic() - start >= 0.2
    assert len(slack.messages(ALERTS)) == 1


def test_slow_outlives_a_client_that_gave_up(slack: SlackServer) -> None:
    """A client with a short timeout sees nothing; the message is posted all the same."""
    hasty = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=1, retry_handlers=[])
    slack.order(Fault(method=POST, kind="slow", seconds=1.2))

    with pytest.raises(TimeoutError):
        post(slack, hasty)

    assert slack.wait(lambda: slack.messages(ALERTS))


def test_unheard_is_done_for_a_client_that_waits(slack: SlackServer, client: WebClient) -> None:
    """Near miss: whoever is still there gets an answer, only later."""
    slack.order(Fault(method=POST, kind="unheard", seconds=0.2))
    start = time.monotonic()

    post(slack, client)

    assert time.monotonic() - start >= 0.2
    assert len(slack.messages(ALERTS)) == 1


def test_unheard_is_not_done_for_a_client_that_is_gone(slack: SlackServer) -> None:
    """As if the request had never arrived; the log says so."""
    hasty = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=1, retry_handlers=[])
    slack.order(Fault(method=POST, kind="unheard", seconds=1.5))

    with pytest.raises(TimeoutError):
        post(slack, hasty)

    [call] = slack.wait(lambda: slack.calls(POST))
    assert (call.ok, call.status, call.error) == (False, 0, "unheard")
    assert slack.messages(ALERTS) == []


def test_a_fault_strikes_only_what_it_names(slack: SlackServer, client: WebClient) -> None:
    """Another method and another channel go free."""
    general = slack.channels["general"]
    slack.order(Fault(method=POST, kind="ok_false", code="fatal_error", channel=general))

    assert client.auth_test()["ok"]
    assert post(slack, client)
    assert refusal(lambda: post(slack, client, "general")) == "fatal_error"
    assert post(slack, client, "general")


def test_orders_are_served_in_turn() -> None:
    """The first order that fits is used up before the next."""
    orders = Orders()
    orders.add(Fault(method="a", kind="slow", times=1))
    orders.add(Fault(method="*", kind="error", times=2))

    kinds = [found.kind if (found := orders.next("a", "")) else None for _ in range(4)]

    assert kinds == ["slow", "error", "error", None]
