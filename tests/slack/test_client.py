"""Our calls to Slack's Web API: every answer becomes a value or a fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import Refused, Unavailable
from bot.ports import Opened
from bot.slack.client import HISTORY_PAGES, TOKEN_CODES, Posted, SlackClient
from bot.slack.modals import Notice
from tests.slack.scripted import Answer, Scripted

TOKEN = "xoxb-very-secret"
CARD = {"text": "A card", "blocks": [{"type": "divider"}]}


@pytest.fixture
def slack() -> Iterator[Scripted]:
    """A Slack that says what the test tells it to."""
    script = Scripted()
    yield script
    script.close()


@pytest.fixture
def client(slack: Scripted) -> SlackClient:
    """A client of it."""
    return SlackClient(TOKEN, slack.url, timeout=2)


def post(client: SlackClient) -> Posted:
    """Post a card."""
    return client.post("C1", CARD, "send-1")


# ── answers that are values ─────────────────────────────────────────────────


def test_a_post_carries_its_send_and_nothing_unfolds(slack: Scripted, client: SlackClient) -> None:
    """The metadata names the send; links are not unfurled; there is no thread unless asked."""
    slack.say({"ok": True, "channel": "C1", "ts": "1.1"})
    assert post(client) == Posted("C1", "1.1")
    [heard] = slack.heard
    assert (heard.method, heard.json) == ("chat.postMessage", True)
    payload = {"event_type": "callwarden_send", "event_payload": {"id": "send-1"}}
    assert heard.args["metadata"] == payload
    assert (heard.args["unfurl_links"], heard.args["unfurl_media"]) == (False, False)
    assert "thread_ts" not in heard.args
    client.post("C1", CARD, "send-1", "0.9")
    assert slack.heard[1].args["thread_ts"] == "0.9"
    assert "reply_broadcast" not in slack.heard[1].args
    client.post("C1", CARD, "send-1", "0.9", broadcast=True)
    assert slack.heard[2].args["reply_broadcast"] is True


def test_an_edit_leaves_the_metadata_alone(slack: Scripted, client: SlackClient) -> None:
    """An update without metadata keeps what the post had, by which it is found again."""
    slack.say({"ok": True})
    assert client.edit("C1", "1.1", CARD) == Posted("C1", "1.1")
    assert "metadata" not in slack.heard[0].args
    assert slack.heard[0].args["ts"] == "1.1"


def test_a_modal_is_opened_with_its_trigger(slack: Scripted, client: SlackClient) -> None:
    """views.open gets trigger and view as they are."""
    slack.say({"ok": True, "view": {"id": "V1", "hash": "1.a"}})
    opened = client.open("123.abc", {"type": "modal"})
    assert slack.heard[0].args == {"trigger_id": "123.abc", "view": {"type": "modal"}}
    assert opened == Opened(id="V1", hash="1.a")


def test_a_modal_is_redrawn_only_as_it_was_opened(slack: Scripted, client: SlackClient) -> None:
    """views.update carries the hash, so that what has changed since is not written over."""
    slack.say({"ok": True})
    client.redraw(Opened(id="V1", hash="1.a"), {"type": "modal"})
    [heard] = slack.heard
    assert (heard.method, heard.json) == ("views.update", True)
    assert heard.args == {"view_id": "V1", "hash": "1.a", "view": {"type": "modal"}}


@pytest.mark.parametrize(
    "url", ["", "ftp://files.example.com/x", "file:///etc/passwd", "http://files.example.com/x"]
)
def test_a_file_goes_nowhere_but_to_an_encrypted_place(
    slack: Scripted, client: SlackClient, url: str
) -> None:
    """The bytes show names; only loopback may have them in the clear."""
    slack.say({"ok": True, "file_id": "F1", "upload_url": url})
    begun: list[str] = []
    with pytest.raises(Refused, match="no place"):
        client.upload("a.png", b"PNG", begun.append)
    assert begun == ["F1"]
    assert [heard.method for heard in slack.heard] == ["files.getUploadURLExternal"]


def test_a_modal_over_a_limit_is_logged_and_opened(
    slack: Scripted, client: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack has the last word; the log says what it may dislike."""
    slack.say({"ok": True}, {"ok": True})
    good = Notice.build("Ana was first.")
    client.open("123.abc", good)
    assert caplog.messages == []
    bad = good | {"title": {"type": "plain_text", "text": "x" * 25}}
    client.open("123.def", bad)
    assert slack.heard[1].args["view"] == bad
    assert caplog.messages == [
        "The modal notice breaks a limit: title: 25 characters, 24 at most",
    ]


def test_a_modal_that_cannot_be_checked_is_opened(
    slack: Scripted, client: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A slip in the check takes no modal from anybody."""
    slack.say({"ok": True})
    client.open("123.abc", {"type": "modal", "blocks": ["no block"]})
    assert len(slack.heard) == 1
    assert "The modal None could not be checked." in caplog.messages


def test_a_message_is_found_pages_back(slack: Scripted, client: SlackClient) -> None:
    """History is read on until the send's id turns up, or there is no more."""
    other = {"ts": "9.9", "metadata": {"event_payload": {"id": "other"}}}
    ours = {"ts": "1.1", "metadata": {"event_payload": {"id": "send-1"}}}
    bare = {"ts": "8.8"}
    more = {"response_metadata": {"next_cursor": "page2"}}
    slack.say({"ok": True, "messages": [other, bare]} | more, {"ok": True, "messages": [ours]})
    assert client.find("C1", "send-1", "0") == Posted("C1", "1.1")
    assert [heard.args.get("cursor") for heard in slack.heard] == [None, "page2"]
    assert {heard.method for heard in slack.heard} == {"conversations.history"}
    slack.answers.clear()
    slack.say({"ok": True, "messages": [other]})
    assert client.find("C1", "send-1", "0") is None


def test_the_search_for_a_message_ends(slack: Scripted, client: SlackClient) -> None:
    """A channel without end is not read without end."""
    more = {"response_metadata": {"next_cursor": "again"}}
    slack.say({"ok": True, "messages": []} | more)
    assert client.find("C1", "send-1", "0") is None
    assert len(slack.heard) == HISTORY_PAGES


def test_a_reply_is_looked_for_in_its_thread(slack: Scripted, client: SlackClient) -> None:
    """Replies are not in the channel's history."""
    slack.say({"ok": True, "messages": []})
    client.find("C1", "send-1", "0.5", "0.9")
    [heard] = slack.heard
    assert heard.method == "conversations.replies"
    assert (heard.args["ts"], heard.args["oldest"], heard.json) == ("0.9", "0.5", False)


@pytest.mark.parametrize(
    ("said", "guest", "stranger", "deleted"),
    [
        ({}, False, False, False),
        ({"is_restricted": True}, True, False, False),
        ({"is_ultra_restricted": True}, True, False, False),
        ({"is_stranger": True}, False, True, False),
        ({"deleted": True}, False, False, True),
    ],
)
def test_who_somebody_is(
    slack: Scripted,
    client: SlackClient,
    said: dict[str, bool],
    *,
    guest: bool,
    stranger: bool,
    deleted: bool,
) -> None:
    """Guests, strangers and those who have left are told apart from members."""
    slack.say({"ok": True, "user": {"id": "U1", "team_id": "T1", "name": "ana"} | said})
    member = client.member("U1")
    assert (member.user, member.team, member.name) == ("U1", "T1", "ana")
    assert (member.guest, member.stranger, member.deleted) == (guest, stranger, deleted)


def test_the_full_name_is_preferred(slack: Scripted, client: SlackClient) -> None:
    """People are shown by the name they use."""
    slack.say({"ok": True, "user": {"id": "U1", "name": "ana", "real_name": "Ana Lindqvist"}})
    assert client.member("U1").name == "Ana Lindqvist"


def test_identity_groups_and_direct_messages(slack: Scripted, client: SlackClient) -> None:
    """The remaining questions are answered from Slack's own fields."""
    slack.say(
        {"ok": True, "team_id": "T1", "user_id": "UB", "team": "Desk"},
        {"ok": True, "users": ["U1", "U2"]},
        {"ok": True, "channel": {"id": "D1"}},
    )
    identity = client.identity()
    assert (identity.team, identity.user, identity.workspace) == ("T1", "UB", "Desk")
    assert client.group_members("S1") == ["U1", "U2"]
    assert client.open_dm("U1") == "D1"


# ── answers that are faults ─────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "17"}), 17.0),
        (Answer(b"slow down", 429, {"retry-after": "3"}), 3.0),
        (Answer({"ok": False, "error": "ratelimited"}, 429), 30.0),
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "soon"}), 30.0),
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "99999"}), 3600.0),
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "0"}), 0.5),
        (Answer({"ok": False, "error": "rate_limited"}), 30.0),
    ],
)
def test_too_fast_says_how_long_to_wait(
    slack: Scripted, client: SlackClient, answer: Answer, seconds: float
) -> None:
    """A 429 was not carried out, and names its time, within reason."""
    slack.say(answer)
    with pytest.raises(Unavailable) as caught:
        post(client)
    assert (caught.value.retry_after, caught.value.ambiguous) == (seconds, False)


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"ok": False, "error": "internal_error"}),
        Answer({"ok": False, "error": "service_unavailable"}, 503),
        Answer(b"<html>Bad gateway</html>", 502),
        Answer(b"<html>All is well, honestly</html>", 200),
        Answer({"ok": False}),
        Answer(status=0),
    ],
)
def test_no_usable_answer_is_ambiguous(
    slack: Scripted, client: SlackClient, answer: Answer
) -> None:
    """The call may have been carried out all the same, and there is no second call of its own."""
    slack.say(answer)
    with pytest.raises(Unavailable) as caught:
        post(client)
    assert (caught.value.ambiguous, caught.value.retry_after) == (True, None)
    assert len(slack.heard) == 1


def test_a_refused_connection_is_not_ambiguous(slack: Scripted, client: SlackClient) -> None:
    """What never left us cannot have been carried out."""
    slack.close()
    with pytest.raises(Unavailable) as caught:
        post(client)
    assert caught.value.ambiguous is False
    assert "did not answer chat.postMessage" in caught.value.sentence


def test_a_refusal_carries_slacks_code_and_words(slack: Scripted, client: SlackClient) -> None:
    """What is missing or wrong is in the sentence, as Slack names it."""
    slack.say(
        {"ok": False, "error": "missing_scope", "needed": "im:write"},
        {
            "ok": False,
            "error": "invalid_blocks",
            "response_metadata": {"messages": ["no more than 50 items"]},
        },
        {"ok": False, "error": "is_archived"},
    )
    sentences = []
    for code in ("missing_scope", "invalid_blocks", "is_archived"):
        with pytest.raises(Refused) as caught:
            post(client)
        assert (caught.value.api, caught.value.code) == ("chat.postMessage", code)
        sentences.append(caught.value.sentence)
    assert "needs the scope im:write" in sentences[0]
    assert "no more than 50 items" in sentences[1]
    assert sentences[2] == "Slack refused chat.postMessage: is_archived."


@pytest.mark.parametrize("code", sorted(TOKEN_CODES))
def test_a_bad_token_is_refused_for_good(slack: Scripted, client: SlackClient, code: str) -> None:
    """No code that means the token is tried again as if it passed by itself."""
    slack.say({"ok": False, "error": code})
    with pytest.raises(Refused):
        post(client)


def test_no_fault_shows_the_token(slack: Scripted, client: SlackClient) -> None:
    """Whatever goes wrong, the secret stays out of sentences."""
    slack.say({"ok": False, "error": "invalid_auth"}, Answer(status=0))
    for _ in range(2):
        with pytest.raises((Refused, Unavailable)) as caught:
            post(client)
        assert TOKEN not in f"{caught.value} {caught.value!r}"
