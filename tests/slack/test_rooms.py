"""What Slack says of a channel, by conversations.info, in a workspace on loopback."""

from __future__ import annotations

import pytest

from bot.channels import Doors
from bot.demo.slack import SlackServer
from bot.errors import Refused
from bot.ports import Channel
from bot.slack.client import SlackClient
from tests.slack.desk import MAIN, OTHER
from tests.slack.scripted import Scripted


@pytest.fixture
def client(slack: SlackServer) -> SlackClient:
    """A client of the workspace."""
    return SlackClient(slack.bot_token, slack.api_url, timeout=5)


def test_a_channel_is_seen_as_it_is(slack: SlackServer, client: SlackClient) -> None:
    """Public and ours; then private; then archived; the one with a stranger in it is shared."""
    other = slack.channels[OTHER]
    assert client.channel(other) == Channel(id=other, name=OTHER, member=True)

    slack.make_private(other)
    assert client.channel(other).private
    slack.archive(other)
    assert client.channel(other).archived
    assert [client.channel(slack.channels[name]).shared for name in (MAIN, OTHER)] == [True, False]


def test_a_channel_we_are_not_in_is_seen_while_it_is_public(
    slack: SlackServer, client: SlackClient
) -> None:
    """Slack does not even show a private one."""
    other = slack.channels[OTHER]
    slack.kick(other)
    assert not client.channel(other).member

    slack.make_private(other)
    with pytest.raises(Refused, match="channel_not_found"):
        client.channel(other)


@pytest.mark.parametrize(
    "mark", ["is_shared", "is_ext_shared", "is_org_shared", "is_pending_ext_shared"]
)
def test_every_way_of_sharing_counts(mark: str) -> None:
    """By Slack Connect, also before it is accepted, and within an organisation."""
    script = Scripted()
    answer = {"id": "C0X", "name": "x", "is_private": True, "is_member": True, mark: True}
    script.say({"ok": True, "channel": answer})

    seen = SlackClient("xoxb-x", script.url, timeout=2).channel("C0X")

    script.close()
    assert (seen.shared, seen.private) == (True, True)


def test_the_real_client_serves_the_look(slack: SlackServer, client: SlackClient) -> None:
    """The alerts' channel of the demo has a guest of another workspace in it; that is said."""
    slack.make_private(slack.channels[MAIN])
    doors = Doors(client, {slack.channels[MAIN]: "[slack] channel"})

    doors.look()

    [said] = doors.warnings()
    assert said.startswith(f"#{MAIN} ({slack.channels[MAIN]}) is shared with another workspace")
