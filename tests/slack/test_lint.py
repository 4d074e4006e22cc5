"""Slack's limits are known, and what is too large is made to fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.lint import BLOCKS, WHOLE, Message, fit, fit_blocks, lint, lint_view, size
from tests.slack.made import buttons

Json = dict[str, Any]


def mrkdwn(text: str) -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": False}


def button(**changes: Any) -> Json:
    """A button within every limit."""
    return {"type": "button", "text": plain("Go"), "action_id": "go", "value": "1", **changes}


def select(count: int, **changes: Any) -> Json:
    """Radio buttons with so many options."""
    chosen = [{"text": plain("x"), "value": str(number)} for number in range(count)]
    return {"type": "radio_buttons", "action_id": "r", "options": chosen, **changes}


def entry(element: Json) -> Json:
    """An input block around *element*."""
    return {"type": "input", "label": plain("Label"), "element": element}


def section(**changes: Any) -> Json:
    """A section, with a text unless told otherwise."""
    return {"type": "section", "text": mrkdwn("text"), **changes}


def message(*blocks: Json, text: str = "fallback") -> Message:
    """A message of *blocks*."""
    return Message(text=text, blocks=list(blocks))


def view(*blocks: Json, **changes: Any) -> Json:
    """A modal of *blocks*."""
    shape = {"type": "modal", "callback_id": "c", "title": plain("Title"), "blocks": list(blocks)}
    return shape | changes


GOOD = (
    section(),
    section(text=mrkdwn("x" * 3000)),
    section(fields=[mrkdwn("x" * 2000)] * 10),
    section(accessory=button()),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("x")] * 10},
    {"type": "actions", "elements": [button(text=plain("x" * 75), value="x" * 2000)]},
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}]}
        ],
    },
)
BAD = (
    section(text=mrkdwn("x" * 3001)),
    section(text=mrkdwn(" ")),
    section(text={"type": "markdown", "text": "x"}),
    {"type": "section"},
    section(fields=[mrkdwn("x" * 2001)]),
    section(fields=[mrkdwn("x")] * 11),
    section(accessory={"type": "plain_text_input", "action_id": "i"}),
    section(block_id="x" * 256),
    {"type": "header", "text": plain("x" * 151)},
    {"type": "header", "text": mrkdwn("x")},
    {"type": "header", "text": plain("")},
    {"type": "header"},
    {"type": "context", "elements": []},
    {"type": "context", "elements": [mrkdwn("x")] * 11},
    {"type": "actions", "elements": [button(text=plain("x" * 76))]},
    {"type": "actions", "elements": [button(value="x" * 2001)]},
    {"type": "actions", "elements": [button(action_id="x" * 256)]},
    {"type": "actions", "elements": [button(style="green")]},
    {"type": "actions", "elements": [button(), button()]},
    {"type": "actions", "elements": [button(action_id=str(n)) for n in range(26)]},
    {"type": "actions", "elements": [select(0)]},
    {"type": "actions", "elements": [select(11)]},
    {"type": "rich_text", "elements": []},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
    {"type": "carousel"},
    entry({"type": "plain_text_input", "action_id": "i"}),
)


@pytest.mark.parametrize("block", GOOD, ids=lambda block: str(block["type"]))
def test_what_is_within_its_limits_passes(block: Json) -> None:
    """A block right at a limit is no fault, but for the size of the whole."""
    assert [fault for fault in lint(message(block)) if "characters of blocks" not in fault] == []


@pytest.mark.parametrize("block", BAD, ids=lambda block: str(block["type"]))
def test_what_is_over_a_limit_is_named(block: Json) -> None:
    """A block just over a limit is a fault."""
    assert lint(message(block)) != []


@pytest.mark.parametrize(
    "broken",
    [
        message(),
        message(*[section()] * 51),
        message(section(), text=""),
        message(section(), text="x" * 4001),
        message(section(block_id="b"), section(block_id="b")),
        message(*[section(text=mrkdwn("x" * 2900))] * 5),
    ],
)
def test_a_whole_message_has_limits_too(broken: Message) -> None:
    """Blocks, ids, size and the fallback are counted over the message."""
    assert lint(broken) != []


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        (view(section()), ""),
        (view(*[section()] * 100), ""),
        (view(*[section()] * 101), "101"),
        (view(entry(select(2)), submit=plain("Send")), ""),
        (view(entry(select(2))), "an input needs submit"),
        (view(section(), title=plain("x" * 25)), "title"),
        (view(section(), title=mrkdwn("x")), "title"),
        (view(section(), close=plain("x" * 25)), "close"),
        (view(section(), callback_id="x" * 256), "callback_id"),
        (view(section(), private_metadata="x" * 3001), "private_metadata"),
        (view(section(), type="home"), "not a modal"),
        (view(entry(select(2, options=[])), submit=plain("Send")), "items"),
        (view(entry(button()), submit=plain("Send")), "cannot stand here"),
        (
            view(
                entry({"type": "plain_text_input", "action_id": "i", "max_length": 3001}),
                submit=plain("Send"),
            ),
            "max_length",
        ),
        (
            view(
                entry(
                    {"type": "plain_text_input", "action_id": "i", "placeholder": plain("x" * 151)}
                ),
                submit=plain("Send"),
            ),
            "placeholder",
        ),
    ],
)
def test_a_modal_has_limits(shape: Json, fault: str) -> None:
    """A modal at its limits passes; over them the fault is named."""
    faults = lint_view(shape)

    assert any(fault in one for one in faults) if fault else faults == []


def test_options_have_limits() -> None:
    """An option's text, its value, and twice the same value are faults."""
    long_text = {"text": plain("x" * 76), "value": "1"}
    long_value = {"text": plain("x"), "value": "x" * 151}
    twice = {"text": plain("x"), "value": "1"}

    for options in ([long_text], [long_value], [twice, twice]):
        assert lint_view(view(entry(select(0, options=options)), submit=plain("Send"))) != []


def test_fitting_changes_nothing_that_fits() -> None:
    """A message within all limits comes back as it was."""
    good = message({"type": "header", "text": plain("Head")}, section())

    assert fit(good) == good


def test_a_long_text_ends_in_a_pointer() -> None:
    """What is cut says where the rest is."""
    fitted = fit(message(section(text=mrkdwn("word " * 1000))))

    assert lint(fitted) == []
    assert fitted["blocks"][0]["text"]["text"].endswith("… more in Details")


def test_surplus_blocks_go_from_the_end_but_never_buttons() -> None:
    """Of sixty blocks the first stay, and so does the row of buttons at the end."""
    head = {"type": "header", "text": plain("Head")}
    row = {"type": "actions", "elements": [button()]}
    body = [section(text=mrkdwn(f"number {number}")) for number in range(60)]

    fitted = fit(message(head, *body, row))

    assert lint(fitted) == []
    assert len(fitted["blocks"]) == BLOCKS
    assert fitted["blocks"][:3] == [head, *body[:2]]
    assert fitted["blocks"][-1] == row
    assert fitted["blocks"][-2]["elements"][0]["text"] == "… more in Details"


blocks = st.one_of(
    st.builds(lambda n: section(text=mrkdwn("&amp;" * n)), st.integers(0, 900)),
    st.builds(
        lambda n, m: section(fields=[mrkdwn("x" * n)] * m), st.integers(0, 2500), st.integers(1, 14)
    ),
    st.builds(lambda n: {"type": "header", "text": plain("x" * n)}, st.integers(0, 200)),
    st.builds(
        lambda n, m: {"type": "context", "elements": [mrkdwn("x" * n)] * m},
        st.integers(0, 4000),
        st.integers(1, 12),
    ),
    st.builds(
        lambda n: {"type": "actions", "elements": [button(text=plain("x" * n))]},
        st.integers(0, 100),
    ),
    st.just({"type": "divider"}),
)


@given(st.lists(blocks, min_size=1, max_size=70), st.text(max_size=5000))
def test_what_was_fitted_has_only_the_faults_of_what_never_goes(
    drawn: list[Json], text: str
) -> None:
    """Any text and any number of droppable blocks is made to fit; no button is lost."""
    staying = [block for block in drawn if block["type"] in {"header", "actions"}]
    fitted = fit(message(*drawn, text=text))

    assert buttons(fitted) == buttons({"blocks": drawn})
    assert [b["type"] for b in fitted["blocks"] if b["type"] in {"header", "actions"}] == [
        b["type"] for b in staying
    ]
    if len(staying) < BLOCKS - 1 and size(staying) < WHOLE - 3000:
        assert lint(fitted) == []


def test_a_modals_blocks_fit_too() -> None:
    """The same for the hundred blocks of a modal."""
    fitted = fit_blocks([section()] * 130, 100, 100_000)

    assert lint_view(view(*fitted)) == []


# ── pictures ────────────────────────────────────────────────────────────────


def picture(**changes: Any) -> Json:
    """An image block within every limit."""
    return {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "words", **changes}


def modal(block: Json) -> Json:
    """A modal of one block."""
    return {"type": "modal", "title": plain("T"), "callback_id": "c", "blocks": [block]}


def test_a_picture_is_a_file_in_slack_with_words() -> None:
    """2,000 characters of words are the most that Slack takes."""
    assert lint_view(modal(picture(alt_text="x" * 2000))) == []


@pytest.mark.parametrize(
    "block",
    [
        picture(alt_text="x" * 2001),
        picture(alt_text=" "),
        picture(slack_file={"id": "F1", "url": "https://example.com"}),
        picture(slack_file={"url": "https://example.com"}),
        picture(image_url="https://example.com/x.png"),
        {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "words"},
    ],
)
def test_another_picture_is_a_fault(block: Json) -> None:
    """Words that are missing or too long; a picture from elsewhere, which would tell who looks."""
    assert len(lint_view(modal(block))) == 1
