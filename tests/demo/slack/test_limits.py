"""Rates: what Slack lets through, and how long it asks to wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.slack import Limits, SlackServer
from bot.demo.slack.limits import Rates
from tests.demo.slack.made import ALERTS, MANIFEST

POST = "chat.postMessage"


@pytest.fixture
def strict() -> Iterator[SlackServer]:
    """A workspace with Slack's own limits."""
    with SlackServer(manifest=MANIFEST) as server:
        yield server


def test_a_burst_of_three_passes_and_the_fourth_waits() -> None:
    """A channel takes three messages at once and asks the fourth to wait a second."""
    rates = Rates(Limits())

    answers = [rates.admit(POST, None, "C1", 0.0) for _ in range(4)]

    assert answers == [0, 0, 0, 1]


def test_a_channel_takes_one_message_a_second() -> None:
    """After the burst, a message is welcome a second later and not sooner."""
    rates = Rates(Limits())
    for _ in range(3):
        rates.admit(POST, None, "C1", 0.0)

    assert rates.admit(POST, None, "C1", 0.9) == 1
    assert rates.admit(POST, None, "C1", 1.0) == 0


def test_channels_do_not_share_their_second() -> None:
    """A full channel does not hold up another one."""
    rates = Rates(Limits())
    for _ in range(4):
        rates.admit(POST, None, "C1", 0.0)

    assert rates.admit(POST, None, "C2", 0.0) == 0


def test_tier_three_takes_fifty_a_minute() -> None:
    """The 51st call in a minute waits until the first is a minute old."""
    rates = Rates(Limits())
    taken = [rates.admit("chat.update", 3, "", place / 10) for place in range(51)]

    assert taken == [0] * 50 + [55]
    assert rates.admit("chat.update", 3, "", 59.9) == 1
    assert rates.admit("chat.update", 3, "", 60.0) == 0


def test_methods_of_one_tier_are_counted_apart() -> None:
    """A spent chat.update leaves conversations.history free."""
    rates = Rates(Limits())
    for _ in range(51):
        rates.admit("chat.update", 3, "", 0.0)

    assert rates.admit("conversations.history", 3, "", 0.0) == 0


def test_posts_share_a_limit_of_the_workspace() -> None:
    """Over all channels together only so many posts pass in a minute."""
    rates = Rates(Limits(posts_per_minute=5))

    answers = [rates.admit(POST, None, f"C{place}", 0.0) for place in range(6)]

    assert answers == [0, 0, 0, 0, 0, 60]


def test_limits_can_be_scaled_and_switched_off() -> None:
    """scale=10 lets ten times as many pass, off lets all pass."""
    wide, off = Rates(Limits(scale=10)), Rates(Limits.off())

    assert sum(wide.admit("users.list", 2, "", 0.0) == 0 for _ in range(300)) == 200
    assert all(off.admit(POST, 1, "C1", 0.0) == 0 for _ in range(300))


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=80))
def test_no_window_ever_holds_more_than_its_tier(gaps: list[float]) -> None:
    """Whatever the arrivals, no 60 seconds see more than 20 calls of tier 2."""
    rates, now, passed = Rates(Limits()), 0.0, []
    for gap in gaps:
        now += gap
        if rates.admit("users.list", 2, "", now) == 0:
            passed.append(now)

    assert all(sum(at - 60 < one <= at for one in passed) <= 20 for at in passed)


def test_too_fast_is_a_429_with_whole_seconds(strict: SlackServer) -> None:
    """Over HTTP the fourth message gets status 429, Retry-After and nothing is posted."""
    client = WebClient(token=strict.bot_token, base_url=strict.api_url, retry_handlers=[])
    for words in "abc":
        client.chat_postMessage(channel=strict.channels[ALERTS], text=words)

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=strict.channels[ALERTS], text="d")

    response = caught.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    assert response["error"] == "ratelimited"
    assert len(strict.messages(ALERTS)) == 3
    assert [call.status for call in strict.calls(POST)] == [200, 200, 200, 429]


def test_a_channel_is_one_channel_by_id_and_by_name(strict: SlackServer) -> None:
    """Naming the channel otherwise does not give it a second allowance."""
    client = WebClient(token=strict.bot_token, base_url=strict.api_url, retry_handlers=[])
    names = [strict.channels[ALERTS], f"#{ALERTS}", ALERTS]
    for name in names:
        client.chat_postMessage(channel=name, text="x")

    with pytest.raises(SlackApiError, match="ratelimited"):
        client.chat_postMessage(channel=names[0], text="x")
