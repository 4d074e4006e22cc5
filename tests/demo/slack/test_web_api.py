"""Web API methods, called by an unmodified WebClient."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.demo.slack import Limits, SlackServer
from bot.errors import BadInput
from tests.demo.slack.made import ALERTS, MANIFEST, button, card, refusal

MARK = {"event_type": "callwarden_send", "event_payload": {"id": "5f0c"}}


def raw(url: str, body: bytes, **headers: str) -> dict[str, Any]:
    """A POST without any client library."""
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=names)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
        tree: dict[str, Any] = json.load(answer)
    return tree


# ── tokens and scopes ───────────────────────────────────────────────────────


def test_the_bot_learns_who_it_is(slack: SlackServer, client: WebClient) -> None:
    """auth.test names the bot and its team."""
    answer = client.auth_test()

    assert (answer["user_id"], answer["team_id"]) == (slack.bot_user, slack.team)


@pytest.mark.parametrize("token", ["xoxb-guessed", "xapp-1-A0-guessed"])
def test_another_token_is_refused(slack: SlackServer, token: str) -> None:
    """Only the two tokens made here are good."""
    stranger = WebClient(token=token, base_url=slack.api_url)

    assert refusal(stranger.auth_test) == "invalid_auth"


def test_no_token_is_not_authed(slack: SlackServer) -> None:
    """A request without a token hears not_authed."""
    assert raw(f"{slack.api_url}auth.test", b"")["error"] == "not_authed"


def test_each_token_is_good_for_its_own(slack: SlackServer, client: WebClient) -> None:
    """The app token opens connections and posts nothing; the bot token the other way round."""
    app = WebClient(token=slack.app_token, base_url=slack.api_url)

    assert app.apps_connections_open(app_token=slack.app_token)["url"].startswith("ws://127.0.0.1:")
    assert refusal(app.auth_test) == "not_allowed_token_type"
    code = refusal(lambda: client.apps_connections_open(app_token=slack.bot_token))
    assert code == "not_allowed_token_type"


def test_a_revoked_token_stays_revoked(slack: SlackServer, client: WebClient) -> None:
    """After revoke every call hears token_revoked."""
    assert client.auth_test()["ok"]

    slack.revoke()

    assert refusal(client.auth_test) == "token_revoked"


def test_a_scope_that_was_not_asked_for_is_missing(slack: SlackServer, client: WebClient) -> None:
    """With channels:history gone, history says what it needs; posting still works."""
    narrow = MANIFEST.replace("channels:history, ", "")
    with SlackServer(manifest=narrow) as server:
        other = WebClient(token=server.bot_token, base_url=server.api_url)
        channel = server.channels[ALERTS]
        other.chat_postMessage(channel=channel, text="x")

        code = refusal(lambda: other.conversations_history(channel=channel))

        assert code == "missing_scope"
    assert client.conversations_history(channel=slack.channels[ALERTS])["ok"]


def test_the_scope_follows_the_kind_of_conversation() -> None:
    """A channel turned private wants groups:history."""
    narrow = MANIFEST.replace("groups:history, ", "")
    with SlackServer(manifest=narrow) as server:
        other = WebClient(token=server.bot_token, base_url=server.api_url)
        server.make_private("general")

        code = refusal(lambda: other.conversations_history(channel=server.channels["general"]))

    assert code == "missing_scope"


def test_a_method_that_is_not_there_is_unknown(client: WebClient) -> None:
    """unknown_method, not silence."""
    assert refusal(lambda: client.api_call("chat.postMesage")) == "unknown_method"


def test_tokens_never_enter_the_log(slack: SlackServer, client: WebClient) -> None:
    """The call log keeps arguments but no token."""
    client.chat_postMessage(channel=slack.channels[ALERTS], text="x")
    raw(f"{slack.api_url}auth.test", f"token={slack.bot_token}".encode())

    log = str(slack.calls())

    assert "xoxb-" not in log
    assert slack.channels[ALERTS] in log


# ── how arguments may come ──────────────────────────────────────────────────


def test_json_form_and_query_mean_the_same(slack: SlackServer) -> None:
    """A message arrives whichever way its arguments are sent."""
    url, bearer = f"{slack.api_url}chat.postMessage", f"Bearer {slack.bot_token}"
    channel = slack.channels[ALERTS]
    blocks = json.dumps(card())
    form = urllib.parse.urlencode({"channel": channel, "text": "form", "blocks": blocks})
    tree = json.dumps({"channel": channel, "text": "json", "blocks": blocks})

    raw(url, tree.encode(), Authorization=bearer, Content_Type="application/json; charset=utf-8")
    raw(url, form.encode(), Authorization=bearer)
    raw(f"{url}?channel={channel}&text=query", b"", Authorization=bearer)

    found = slack.messages(ALERTS)
    assert [one["text"] for one in found] == ["json", "form", "query"]
    assert found[0]["blocks"][0] | {"block_id": ""} == found[1]["blocks"][0] | {"block_id": ""}


def test_broken_json_is_said_to_be_broken(slack: SlackServer) -> None:
    """invalid_json, and the server lives on."""
    answer = raw(f"{slack.api_url}api.test", b"{", Content_Type="application/json")

    assert answer["error"] == "invalid_json"
    assert raw(f"{slack.api_url}api.test", b"")["ok"]


# ── messages ────────────────────────────────────────────────────────────────


def test_a_message_is_stored_as_sent(slack: SlackServer, client: WebClient) -> None:
    """Text, blocks and metadata come back; ts rises."""
    channel = slack.channels[ALERTS]
    first = client.chat_postMessage(channel=channel, text="one", blocks=card(), metadata=MARK)
    second = client.chat_postMessage(channel=channel, text="two")

    stored = slack.messages(ALERTS)[0]

    assert first["ts"] < second["ts"]
    assert (stored["text"], stored["metadata"], stored["user"]) == ("one", MARK, slack.bot_user)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        ({"text": "x", "channel": "C0NOWHERE"}, "channel_not_found"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
    ],
)
def test_a_message_that_cannot_be_posted(
    slack: SlackServer, client: WebClient, args: dict[str, Any], code: str
) -> None:
    """Each fault has Slack's own code, and nothing is stored."""
    call = {"channel": slack.channels[ALERTS]} | args

    assert refusal(lambda: client.api_call("chat.postMessage", json=call)) == code
    assert slack.messages(ALERTS) == []


def test_long_text_is_cut_in_a_post_and_refused_in_an_update(
    slack: SlackServer, client: WebClient
) -> None:
    """40,000 letters are kept; an update takes 4,000."""
    channel = slack.channels[ALERTS]
    ts = client.chat_postMessage(channel=channel, text="w" * 40_001)["ts"]

    assert len(slack.messages(ALERTS)[0]["text"]) == 40_000
    assert client.chat_update(channel=channel, ts=ts, text="w" * 4_000)["ok"]
    code = refusal(lambda: client.chat_update(channel=channel, ts=ts, text="w" * 4_001))
    assert code == "msg_too_long"


def test_an_update_keeps_what_it_does_not_name(slack: SlackServer, client: WebClient) -> None:
    """Blocks and metadata stay, text changes, an edited mark appears."""
    channel = slack.channels[ALERTS]
    ts = client.chat_postMessage(channel=channel, text="one", blocks=card(), metadata=MARK)["ts"]

    client.chat_update(channel=channel, ts=ts, text="two")

    stored = slack.messages(ALERTS)[0]
    assert (stored["text"], stored["metadata"], len(stored["blocks"])) == ("two", MARK, 3)
    assert stored["edited"]["user"] == slack.bot_user


def test_only_the_bots_own_messages_change(slack: SlackServer, client: WebClient) -> None:
    """Somebody's message is neither changed nor deleted; a missing one is not found."""
    channel = slack.channels[ALERTS]
    ts = slack.say("analyst", ALERTS, "mine")["ts"]

    update = refusal(lambda: client.chat_update(channel=channel, ts=ts, text="x"))
    delete = refusal(lambda: client.chat_delete(channel=channel, ts=ts))
    missing = refusal(lambda: client.chat_update(channel=channel, ts="1.000000", text="x"))

    assert (update, delete) == ("cant_update_message", "cant_delete_message")
    assert missing == "message_not_found"


def test_a_deleted_message_is_gone(slack: SlackServer, client: WebClient) -> None:
    """It is in no history any more."""
    channel = slack.channels[ALERTS]
    ts = client.chat_postMessage(channel=channel, text="x")["ts"]

    client.chat_delete(channel=channel, ts=ts)

    assert client.conversations_history(channel=channel)["messages"] == []


def test_a_channel_archived_or_left_takes_nothing(slack: SlackServer, client: WebClient) -> None:
    """is_archived and not_in_channel, until we are invited again; once or twice is the same."""
    slack.archive(ALERTS)
    slack.kick("general")

    def post(name: str) -> str:
        return refusal(lambda: client.chat_postMessage(channel=slack.channels[name], text="x"))

    assert (post(ALERTS), post("general")) == ("is_archived", "not_in_channel")
    for _ in range(2):
        slack.invite(slack.channels["general"])
        assert client.chat_postMessage(channel=slack.channels["general"], text="x")["ok"]


def test_a_user_id_opens_the_direct_message(slack: SlackServer, client: WebClient) -> None:
    """Posting to a person and conversations.open lead to the same conversation."""
    person = slack.people["analyst"].id

    posted = client.chat_postMessage(channel=person, text="psst")
    opened = client.conversations_open(users=person)

    assert posted["channel"] == opened["channel"]["id"]
    assert posted["channel"].startswith("D")
    assert [one["text"] for one in slack.messages(person)] == ["psst"]
    assert slack.messages(slack.people["guest"].id) == []


def test_an_ephemeral_is_for_one_and_in_no_history(slack: SlackServer, client: WebClient) -> None:
    """The person sees it; the channel and the others do not."""
    channel = slack.channels[ALERTS]
    client.chat_postEphemeral(channel=channel, user=slack.people["guest"].id, text="no guests")

    assert [one["text"] for one in slack.ephemerals("guest")] == ["no guests"]
    assert slack.ephemerals("analyst") == []
    assert client.conversations_history(channel=channel)["messages"] == []


def test_an_ephemeral_wants_its_reader_in_the_channel(
    slack: SlackServer, client: WebClient
) -> None:
    """A guest is in the first channel only."""
    guest = slack.people["guest"].id
    general = slack.channels["general"]

    code = refusal(lambda: client.chat_postEphemeral(channel=general, user=guest, text="x"))

    assert code == "user_not_in_channel"


# ── reading back ────────────────────────────────────────────────────────────


def test_history_is_newest_first_and_shows_metadata_when_asked(
    slack: SlackServer, client: WebClient
) -> None:
    """include_all_metadata is what reconciling needs; without it there is none."""
    channel = slack.channels[ALERTS]
    for words in ("one", "two"):
        client.chat_postMessage(channel=channel, text=words, metadata=MARK)

    bare = client.conversations_history(channel=channel)["messages"]
    full = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]

    assert [one["text"] for one in bare] == ["two", "one"]
    assert "metadata" not in bare[0]
    assert full[0]["metadata"] == MARK


def test_history_is_read_page_by_page(slack: SlackServer, client: WebClient) -> None:
    """The cursor leads through all messages, each once."""
    channel = slack.channels[ALERTS]
    for place in range(7):
        client.chat_postMessage(channel=channel, text=str(place))

    seen, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = client.conversations_history(channel=channel, limit=3, cursor=cursor)
        seen += [one["text"] for one in page["messages"]]
        cursor, pages = page["response_metadata"]["next_cursor"], pages + 1

    assert (seen, pages) == (list("6543210"), 3)


def test_history_between_two_moments(slack: SlackServer, client: WebClient) -> None:
    """oldest and latest shut out their own ends unless inclusive."""
    channel = slack.channels[ALERTS]
    stamps = [client.chat_postMessage(channel=channel, text=str(n))["ts"] for n in range(4)]

    def between(**more: Any) -> list[str]:
        found = client.conversations_history(
            channel=channel, oldest=stamps[0], latest=stamps[3], **more
        )
        return [one["text"] for one in found["messages"]]

    assert between() == ["2", "1"]
    assert between(inclusive=True) == ["3", "2", "1", "0"]


def test_a_thread_is_read_by_its_message(slack: SlackServer, client: WebClient) -> None:
    """replies begins with the message; history holds the message alone, with the count."""
    channel = slack.channels[ALERTS]
    ts = client.chat_postMessage(channel=channel, text="card")["ts"]
    for words in ("a", "b"):
        client.chat_postMessage(channel=channel, text=words, thread_ts=ts, metadata=MARK)

    thread = client.conversations_replies(channel=channel, ts=ts, include_all_metadata=True)
    top = client.conversations_history(channel=channel)["messages"]

    assert [one["text"] for one in thread["messages"]] == ["card", "a", "b"]
    assert thread["messages"][2]["metadata"] == MARK
    assert [(one["text"], one["reply_count"]) for one in top] == [("card", 2)]
    assert [one["text"] for one in slack.messages(ALERTS, ts)] == ["a", "b"]


def test_a_thread_is_read_page_by_page(slack: SlackServer, client: WebClient) -> None:
    """A second page begins where the first ended and does not repeat the message."""
    channel = slack.channels[ALERTS]
    ts = client.chat_postMessage(channel=channel, text="card")["ts"]
    for words in "abc":
        client.chat_postMessage(channel=channel, text=words, thread_ts=ts)

    first = client.conversations_replies(channel=channel, ts=ts, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = client.conversations_replies(channel=channel, ts=ts, limit=2, cursor=cursor)

    assert [one["text"] for one in first["messages"]] == ["card", "a", "b"]
    assert [one["text"] for one in second["messages"]] == ["c"]


# ── who is who ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("analyst", {"is_restricted": False, "deleted": False}),
        ("guest", {"is_restricted": True, "deleted": False}),
        ("deactivated", {"is_restricted": False, "deleted": True}),
        ("admin", {"is_admin": True}),
    ],
)
def test_users_info_tells_people_apart(
    slack: SlackServer, client: WebClient, key: str, expected: dict[str, bool]
) -> None:
    """Guests, admins and the deactivated carry their marks."""
    user = client.users_info(user=slack.people[key].id)["user"]

    assert {name: user[name] for name in expected} == expected
    assert user["team_id"] == slack.team


def test_a_stranger_in_a_shared_channel_shows_by_team_alone(
    slack: SlackServer, client: WebClient
) -> None:
    """As in Slack, is_stranger is true only where no channel with the bot is shared."""
    stranger = slack.people["stranger"].id
    user = client.users_info(user=stranger)["user"]

    assert user["team_id"] != slack.team
    assert user["is_stranger"] is False
    slack.kick(ALERTS)
    assert client.users_info(user=stranger)["user"]["is_stranger"] is True


def test_nobody_is_not_found(client: WebClient) -> None:
    """An unknown user id is an error, not an empty user."""
    assert refusal(lambda: client.users_info(user="U0NOBODY")) == "user_not_found"


def test_user_groups_hold_their_people(slack: SlackServer, client: WebClient) -> None:
    """Handles, ids and members agree; an unknown group is refused."""
    listed = client.usergroups_list(include_users=True)["usergroups"]
    members = client.usergroups_users_list(usergroup=slack.groups["soc-leads"])["users"]

    assert {one["handle"]: one["id"] for one in listed} == dict(slack.groups)
    assert members == [slack.people["approver"].id, slack.people["admin"].id]
    code = refusal(lambda: client.usergroups_users_list(usergroup="S0NONE"))
    assert code == "no_such_subteam"


def test_everybody_is_listed_page_by_page(slack: SlackServer, client: WebClient) -> None:
    """users.list pages through people and the bot."""
    pages = [page["members"] for page in client.users_list(limit=3)]

    ids = [user["id"] for page in pages for user in page]
    assert sorted(ids) == sorted([one.id for one in slack.people.values()] + [slack.bot_user])
    assert max(map(len, pages)) == 3


def test_channels_can_be_looked_up(slack: SlackServer, client: WebClient) -> None:
    """info, list and members agree."""
    channel = slack.channels["general"]

    assert client.conversations_info(channel=channel)["channel"]["name"] == "general"
    assert {one["id"] for one in client.conversations_list()["channels"]} == set(
        slack.channels.values()
    )
    assert slack.people["guest"].id not in client.conversations_members(channel=channel)["members"]


def test_a_channel_tells_who_can_read_it(slack: SlackServer, client: WebClient) -> None:
    """Private or not, shared or not, archived or not, and whether the bot is in it."""

    def told(name: str) -> dict[str, bool]:
        found = client.conversations_info(channel=slack.channels[name])["channel"]
        marks = ("is_private", "is_ext_shared", "is_shared", "is_member", "is_archived")
        return {mark: found[mark] for mark in marks if found[mark]}

    # A person of another workspace is in the first channel.
    assert told("contact-centre-alerts") == {
        "is_ext_shared": True,
        "is_shared": True,
        "is_member": True,
    }
    assert told("general") == {"is_member": True}
    slack.kick(slack.channels["general"])
    slack.archive(slack.channels["general"])
    assert told("general") == {"is_archived": True}


def test_a_private_channel_needs_its_own_scope(slack: SlackServer, client: WebClient) -> None:
    """This workspace's app asked for channels:read only."""
    channel = slack.channels["general"]
    slack.make_private(channel)

    assert refusal(lambda: client.conversations_info(channel=channel)) == "missing_scope"
    slack.kick(channel)
    assert refusal(lambda: client.conversations_info(channel=channel)) == "channel_not_found"


# ── the server itself ───────────────────────────────────────────────────────


def test_the_seed_decides_ids_and_names() -> None:
    """The same seed gives the same people; tokens differ all the same."""
    one, same, other = (SlackServer(manifest=MANIFEST, seed=seed) for seed in (1, 1, 2))

    assert one.people == same.people
    assert one.people != other.people
    assert one.bot_token != same.bot_token


def test_a_taken_port_is_said_to_be_taken(slack: SlackServer) -> None:
    """Starting on a port in use raises a fault that names it."""
    port = int(slack.page_url.rsplit(":", 1)[1].rstrip("/"))
    second = SlackServer(manifest=MANIFEST, port=port)

    with pytest.raises(BadInput, match=str(port)):
        second.start()


def test_a_server_can_start_again_where_it_was() -> None:
    """After stop, start serves the same workspace at the same address."""
    server = SlackServer(manifest=MANIFEST, limits=Limits.off())
    with server:
        url = server.api_url
        client = WebClient(token=server.bot_token, base_url=url)
        client.chat_postMessage(channel=server.channels[ALERTS], text="x", blocks=card(button("b")))
    with server:
        assert client.auth_test()["ok"]

    assert server.api_url == url
    assert len(server.messages(ALERTS)) == 1


def test_waiting_ends_when_it_is_so_and_says_when_it_is_not(slack: SlackServer) -> None:
    """wait returns what the predicate gave, or raises TimeoutError with its place."""
    slack.say("analyst", ALERTS, "hello")

    found = slack.wait(lambda: slack.messages(ALERTS))

    assert found[0]["text"] == "hello"
    with pytest.raises(TimeoutError, match="line"):
        slack.wait(lambda: slack.messages("general"), timeout=0.05)
