"""What Slack refuses in blocks and views: for each limit a hit and a near miss."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    Option,
    OverflowMenuElement,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    SectionBlock,
)

from bot.demo.slack import SlackServer
from bot.demo.slack.blocks import check_message_blocks, check_view
from tests.demo.slack.made import ALERTS, button, card, modal, refusal, text

Json = dict[str, Any]


def section(**more: object) -> Json:
    """A section."""
    return {"type": "section", **more}


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def many(count: int) -> list[Json]:
    """So many buttons, each with its own action_id."""
    return [button(f"b{place}") for place in range(count)]


def choice(kind: str, count: int, size: int = 5) -> Json:
    """A choice between so many options with labels of *size* letters."""
    options = [{"text": text("o" * size), "value": str(place)} for place in range(count)]
    return {"type": kind, "action_id": "pick", "options": options}


def asked(size: int) -> Json:
    """A button whose confirmation has a text of *size* letters."""
    confirm = {
        "title": text("t"),
        "text": text("w" * size),
        "confirm": text("y"),
        "deny": text("n"),
    }
    return button("a", confirm=confirm)


LIMITS = [
    ("section text", lambda size: section(text=text("w" * size, "mrkdwn")), 3000),
    ("field", lambda size: section(fields=[text("w" * size)]), 2000),
    ("fields", lambda size: section(fields=[text("w")] * size), 10),
    ("header", lambda size: {"type": "header", "text": text("w" * size)}, 150),
    ("button text", lambda size: actions(button("a", "w" * size)), 75),
    ("button value", lambda size: actions(button("a", value="v" * size)), 2000),
    ("action_id", lambda size: actions(button("a" * size)), 255),
    ("block_id", lambda size: section(text=text("w"), block_id="b" * size), 255),
    ("actions", lambda size: actions(*many(size)), 25),
    ("context", lambda size: {"type": "context", "elements": [text("w")] * size}, 10),
    ("select options", lambda size: actions(choice("static_select", size)), 100),
    ("overflow options", lambda size: actions(choice("overflow", size)), 5),
    ("radio options", lambda size: actions(choice("radio_buttons", size)), 10),
    ("option text", lambda size: actions(choice("static_select", 1, size)), 75),
    ("confirm text", lambda size: actions(asked(size)), 300),
]


@pytest.mark.parametrize(("what", "make", "most"), LIMITS, ids=[row[0] for row in LIMITS])
def test_a_limit_is_kept_to_the_letter(what: str, make: Any, most: int) -> None:
    """The largest allowed passes; one more is refused."""
    assert check_message_blocks([make(most)]) == []
    assert check_message_blocks([make(most + 1)]) != []


WRONG = {
    "empty text": section(text=text("")),
    "no text and no fields": section(),
    "header in mrkdwn": {"type": "header", "text": text("w", "mrkdwn")},
    "text of another kind": section(text=text("w", "markdown")),
    "style green": actions(button("a", style="green")),
    "unknown block": {"type": "nonsense", "text": text("w")},
    "unknown key": section(text=text("w"), colour="red"),
    "input as accessory": section(
        text=text("w"), accessory={"type": "plain_text_input", "action_id": "a"}
    ),
    "image without alt_text": {"type": "image", "image_url": "https://example.com/a.png"},
    "same action_id twice": actions(button("a"), button("a")),
    "no options": actions(choice("static_select", 0)),
    "an initial option that is not offered": actions(
        choice("static_select", 1) | {"initial_option": {"text": text("x"), "value": "x"}}
    ),
    "rich text of an unknown kind": {"type": "rich_text", "elements": [{"type": "rich"}]},
    "not an object": "section",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_broken_block_is_refused_with_its_place(wrong: object) -> None:
    """The fault names where it is, as a JSON pointer."""
    faults = check_message_blocks([section(text=text("fine")), wrong])

    assert faults
    assert all("[json-pointer:/blocks/1" in fault for fault in faults)


def test_block_ids_are_unique_in_a_message_and_action_ids_in_a_block() -> None:
    """Twice the same block_id is refused; the same action_id in two blocks is not."""
    twins = [section(text=text("w"), block_id="b")] * 2
    apart = [actions(button("a")), actions(button("a"))]

    assert check_message_blocks(twins) != []
    assert check_message_blocks(apart) == []


def test_a_message_holds_fifty_blocks() -> None:
    """50 pass, 51 do not."""
    assert check_message_blocks([{"type": "divider"}] * 50) == []
    assert check_message_blocks([{"type": "divider"}] * 51) != []


def test_what_slack_sdk_draws_passes() -> None:
    """A card made with slack_sdk's models has no fault."""
    confirm = ConfirmObject(title="Sure?", text="It *changes* AWS", confirm="Do it", deny="No")
    parts = [RichTextElementParts.Text(text="raw"), RichTextElementParts.User(user_id="U1")]
    drawn = [
        HeaderBlock(text="Somebody"),
        SectionBlock(text="*why*", fields=["*a*\nb", "*c*\nd"]),
        RichTextBlock(elements=[RichTextSectionElement(elements=parts)]),
        ActionsBlock(
            elements=[
                ButtonElement(text="Take it", action_id="take", value="A-1", style="primary"),
                ButtonElement(text="Contain…", action_id="c", style="danger", confirm=confirm),
                OverflowMenuElement(action_id="more", options=[Option(value="s", text="Snooze")]),
            ]
        ),
        ContextBlock(elements=[{"type": "mrkdwn", "text": "A-7K2QF"}]),
    ]

    assert check_message_blocks([block.to_dict() for block in drawn]) == []


VIEW_LIMITS = [
    ("title", lambda size: modal(title=text("t" * size)), 24),
    ("submit", lambda size: modal(submit=text("s" * size)), 24),
    ("close", lambda size: modal(close=text("c" * size)), 24),
    ("private_metadata", lambda size: modal(private_metadata="m" * size), 3000),
    ("callback_id", lambda size: modal(callback_id="c" * size), 255),
    ("blocks", lambda size: modal(blocks=[{"type": "divider"}] * size), 100),
]


@pytest.mark.parametrize(("what", "make", "most"), VIEW_LIMITS, ids=[row[0] for row in VIEW_LIMITS])
def test_a_views_limit_is_kept_to_the_letter(what: str, make: Any, most: int) -> None:
    """The largest allowed passes; one more is refused."""
    assert check_view(make(most)) == []
    assert check_view(make(most + 1)) != []


def test_a_view_with_inputs_needs_submit() -> None:
    """Without submit it is refused; without inputs it needs none."""
    bare = {key: value for key, value in modal().items() if key != "submit"}

    assert check_view(bare) != []
    assert check_view(bare | {"blocks": [{"type": "divider"}]}) == []


def test_slack_tells_the_app_which_block_is_wrong(slack: SlackServer, client: WebClient) -> None:
    """invalid_blocks comes with messages; nothing is posted."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(
            channel=slack.channels[ALERTS], text="x", blocks=[{"type": "header", "text": text("")}]
        )

    assert caught.value.response["error"] == "invalid_blocks"
    assert "/blocks/0/text/text" in caught.value.response["response_metadata"]["messages"][0]
    assert slack.messages(ALERTS) == []


def test_all_text_of_a_message_together_has_a_limit(slack: SlackServer, client: WebClient) -> None:
    """Five full sections are too long together; four are not."""
    full = [section(text=text("w" * 3000))] * 5
    channel = slack.channels[ALERTS]

    assert client.chat_postMessage(channel=channel, text="x", blocks=full[:4])["ok"]
    code = refusal(lambda: client.chat_postMessage(channel=channel, text="x", blocks=full))
    assert code == "msg_blocks_too_long"


def test_what_has_no_id_is_given_one(slack: SlackServer, client: WebClient) -> None:
    """Every stored block has a block_id and every element an action_id; given ones stay."""
    bare = {"type": "button", "text": text("Press")}
    client.chat_postMessage(channel=slack.channels[ALERTS], text="x", blocks=card(bare))

    blocks = slack.messages(ALERTS)[0]["blocks"]

    assert blocks[2]["block_id"] == "doings"
    assert len({block["block_id"] for block in blocks}) == 3
    assert blocks[2]["elements"][0]["action_id"]
