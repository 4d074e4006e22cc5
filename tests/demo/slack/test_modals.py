"""Modals: trigger ids, what is submitted, and the answers to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.demo.slack import Limits, SlackServer
from bot.errors import BadInput
from tests.demo.slack.made import ALERTS, MANIFEST, button, joined, modal, refusal, text

Json = dict[str, Any]


class Opener:
    """A command that keeps its trigger_id, and a view that answers as it is told."""

    def __init__(self) -> None:
        self.triggers: list[str] = []
        self.submitted: list[Json] = []
        self.closed: list[Json] = []
        self.pressed: list[Json] = []
        self.answer: Json = {}

    def listen(self, app: App) -> None:
        """Register the listeners."""

        @app.command("/callwarden")
        def command(ack: Ack, body: Json) -> None:
            self.triggers.append(body["trigger_id"])
            ack()

        @app.view("resolve")
        def submitted(ack: Ack, body: Json) -> None:
            self.submitted.append(body)
            ack(**self.answer)

        @app.view_closed("resolve")
        def closed(ack: Ack, body: Json) -> None:
            ack()
            self.closed.append(body)

        @app.action("raw")
        def pressed(ack: Ack, body: Json) -> None:
            ack()
            self.pressed.append(body)

    def trigger(self, slack: SlackServer, person: str = "analyst") -> str:
        """A fresh trigger_id of *person*."""
        slack.slash(person, ALERTS, "/callwarden", "").wait()
        return self.triggers[-1]


@pytest.fixture
def opener(slack: SlackServer) -> Iterator[Opener]:
    """The bot, connected."""
    opener = Opener()
    with joined(slack, opener.listen):
        yield opener


def opened(slack: SlackServer, client: WebClient, opener: Opener, **more: Any) -> Json:
    """Open the modal for the analyst."""
    client.views_open(trigger_id=opener.trigger(slack), view=modal(**more))
    view = slack.view_of("analyst")
    assert view is not None
    return view


# ── trigger ids ─────────────────────────────────────────────────────────────


def test_a_trigger_opens_one_modal_for_its_own_person(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """The analyst has it open; used again it is exchanged; the approver sees nothing."""
    trigger = opener.trigger(slack)

    client.views_open(trigger_id=trigger, view=modal())

    assert slack.view_of("approver") is None
    code = refusal(lambda: client.views_open(trigger_id=trigger, view=modal()))
    assert code == "exchanged_trigger_id"


def test_a_trigger_is_good_for_three_seconds() -> None:
    """Just before its end it opens; after it, it is expired; invented ones are invalid."""
    limits = Limits(enforced=False, trigger_seconds=0.0)
    opener = Opener()
    with SlackServer(manifest=MANIFEST, limits=limits) as slack, joined(slack, opener.listen):
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        late = opener.trigger(slack)

        code = refusal(lambda: client.views_open(trigger_id=late, view=modal()))
        invented = refusal(lambda: client.views_open(trigger_id="1.2.3", view=modal()))

    assert Limits().trigger_seconds == 3.0
    assert (code, invented) == ("expired_trigger_id", "invalid_trigger_id")


def test_a_view_slack_refuses_leaves_the_trigger_unused(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """invalid_arguments first; the corrected view still opens."""
    trigger = opener.trigger(slack)

    code = refusal(lambda: client.views_open(trigger_id=trigger, view=modal(title=text("t" * 25))))

    assert code == "invalid_arguments"
    assert client.views_open(trigger_id=trigger, view=modal())["ok"]


def test_a_view_of_more_than_250_kb_is_too_large(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """view_too_large comes before any other fault."""
    block = {"type": "section", "text": text("w" * 3000)}

    code = refusal(
        lambda: client.views_open(trigger_id=opener.trigger(slack), view=modal(blocks=[block] * 99))
    )

    assert code == "view_too_large"


# ── submitting ──────────────────────────────────────────────────────────────


def test_what_was_typed_arrives_as_state_values(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """Values are under block_id and action_id; an empty answer closes the modal."""
    view = opened(slack, client, opener)

    slack.submit("analyst", view["id"], {"verdict": "true", "note": "drill"}).wait()

    sent = opener.submitted[0]["view"]
    values = sent["state"]["values"]
    assert values["v"]["verdict"]["selected_option"]["value"] == "true"
    assert values["n"]["note"] == {"type": "plain_text_input", "value": "drill"}
    assert sent["private_metadata"] == "A-7K2QF"
    assert {"team_id", "app_id", "bot_id", "hash", "root_view_id"} <= sent.keys()
    assert slack.view_of("analyst") is None


def test_errors_keep_the_modal_open(slack: SlackServer, client: WebClient, opener: Opener) -> None:
    """response_action errors is shown at its block; the next try may go through."""
    view = opened(slack, client, opener)
    opener.answer = {"response_action": "errors", "errors": {"n": "Say more."}}

    done = slack.submit("analyst", view["id"], {"verdict": "true"}).wait()

    assert done.answer == opener.answer
    assert slack.errors_of(view["id"]) == {"n": "Say more."}
    opener.answer = {}
    slack.submit("analyst", view["id"], {"verdict": "true", "note": "drill"}).wait()
    assert slack.view_of("analyst") is None


def test_errors_for_a_block_that_is_not_there_are_trouble(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """Slack shows its own sentence and keeps the modal."""
    view = opened(slack, client, opener)
    opener.answer = {"response_action": "errors", "errors": {"elsewhere": "x"}}

    with pytest.raises(TimeoutError, match="trouble connecting"):
        slack.submit("analyst", view["id"], {"verdict": "true"}).wait()

    assert slack.view_of("analyst") is not None


@pytest.mark.parametrize(
    ("action", "titles"),
    [("update", ["Done"]), ("push", ["Done", "Resolve"])],
)
def test_an_answer_may_redraw_or_stack(
    slack: SlackServer, client: WebClient, opener: Opener, action: str, titles: list[str]
) -> None:
    """update replaces the view in place, push lays one on top; closing shows what is below."""
    view = opened(slack, client, opener)
    opener.answer = {"response_action": action, "view": modal(title=text("Done"))}

    slack.submit("analyst", view["id"], {"verdict": "true"}).wait()

    seen = []
    while (top := slack.view_of("analyst")) is not None:
        seen.append(top["title"]["text"])
        slack.close_view("analyst", top["id"])
    assert seen == titles


def test_clear_closes_the_whole_stack(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """Views below the submitted one go too."""
    opened(slack, client, opener)
    client.views_push(trigger_id=opener.trigger(slack), view=modal())
    top = slack.view_of("analyst")
    opener.answer = {"response_action": "clear"}

    assert top is not None
    slack.submit("analyst", top["id"], {"verdict": "true"}).wait()

    assert slack.view_of("analyst") is None


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"verdict": ""},
        {"verdict": "maybe"},
        {"verdict": "true", "note": "w" * 21},
        {"verdict": "true", "reason": "x"},
    ],
)
def test_slacks_client_would_not_send_this(
    slack: SlackServer, client: WebClient, opener: Opener, values: dict[str, object]
) -> None:
    """A missing, impossible, too long or unknown answer never reaches the bot."""
    view = opened(slack, client, opener)

    with pytest.raises(BadInput):
        slack.submit("analyst", view["id"], values)

    assert opener.submitted == []


def test_a_view_belongs_to_one_person(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """Nobody else can submit it."""
    view = opened(slack, client, opener)

    with pytest.raises(BadInput, match="not open"):
        slack.submit("approver", view["id"], {"verdict": "true"})


# ── otherwise ───────────────────────────────────────────────────────────────


def test_closing_is_heard_where_asked_for(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """notify_on_close sends view_closed; without it nothing is sent."""
    view = opened(slack, client, opener, notify_on_close=True)
    done = slack.close_view("analyst", view["id"])
    assert done is not None
    done.wait()
    slack.wait(lambda: opener.closed)

    quiet = opened(slack, client, opener)

    assert slack.close_view("analyst", quiet["id"]) is None
    assert opener.closed[0]["view"]["id"] == view["id"]


def test_a_button_in_a_modal_knows_its_view(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """The container is the view; what is typed so far comes along."""
    press = {"type": "actions", "elements": [button("raw", value="A-1")]}
    view = opened(slack, client, opener, blocks=[*modal()["blocks"], press])

    slack.press_in_view("analyst", view["id"], "raw", {"note": "so far"}).wait()
    slack.wait(lambda: opener.pressed)

    body = opener.pressed[0]
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["view"]["state"]["values"]["n"]["note"]["value"] == "so far"
    assert body["actions"][0]["value"] == "A-1"
    assert "response_url" not in body


def test_an_update_may_insist_on_what_it_saw(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """A stale hash is a conflict; the right one redraws."""
    view = opened(slack, client, opener)
    fresh = modal(title=text("Fresh"))

    assert client.views_update(view_id=view["id"], hash=view["hash"], view=fresh)["ok"]
    stale = refusal(lambda: client.views_update(view_id=view["id"], hash=view["hash"], view=fresh))
    assert stale == "hash_conflict"
    assert refusal(lambda: client.views_update(view_id="V0NONE", view=fresh)) == "not_found"


def test_no_more_than_three_views_are_stacked(
    slack: SlackServer, client: WebClient, opener: Opener
) -> None:
    """Two may be pushed onto the first; the next is over the limit."""
    opened(slack, client, opener)
    for _ in range(2):
        client.views_push(trigger_id=opener.trigger(slack), view=modal())

    trigger = opener.trigger(slack)

    code = refusal(lambda: client.views_push(trigger_id=trigger, view=modal()))
    assert code == "push_limit_reached"
