"""What every modal is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.model import Alert, read_alert_id
from bot.slack import parts
from bot.slack.lint import VIEW_BLOCKS, fit_blocks
from bot.slack.parts import Block
from bot.slack.text import plain
from bot.slack.text import written as as_written

_VIEW_SIZE = 100_000
"""JSON characters of a modal's blocks; Slack refuses a view above 250 kB."""

NOTE_MOST = 500
"""Characters of a note that people write."""


def view(
    callback_id: str,
    title: str,
    metadata: str,
    blocks: Sequence[Block],
    submit: str | None = None,
) -> dict[str, Any]:
    """A modal with *blocks*; *metadata* is what it carries: ids alone."""
    shown = View(
        type="modal",
        callback_id=callback_id,
        title=words(title, 24),
        submit=words(submit) if submit else None,
        close=words("Cancel" if submit else "Close"),
        private_metadata=metadata,
        blocks=fit_blocks(blocks, VIEW_BLOCKS, _VIEW_SIZE, "…"),
    )
    made: dict[str, Any] = shown.to_dict()
    return made


def form(
    callback_id: str,
    title: str,
    alert: Alert,
    fields: Sequence[Block],
    submit: str,
    *,
    shown: str = "",
) -> dict[str, Any]:
    """A modal that asks about *alert*, whose headline stands above its *fields*.

    It carries the alert's id and *shown*: an id or a mark by which the answer is held against what
    the person saw, and nothing to be shown again.
    """
    first = parts.literal(f"{parts.SIGNS[alert.level]} {alert.headline}")
    metadata = f"{alert.id} {shown}".strip()
    return view(callback_id, f"{title} {alert.id}", metadata, [first, *fields], submit)


def words(text: str, limit: int = 75) -> PlainTextObject:
    """*text* as a label, title or option."""
    return PlainTextObject(text=plain(text, limit), emoji=False)


def note_field(
    block: str, action: str, label: str, *, hint: str, placeholder: str, optional: bool
) -> Block:
    """A field for a note of several lines."""
    field = InputBlock(
        block_id=block,
        label=words(label),
        hint=words(hint, 150),
        element=PlainTextInputElement(
            action_id=action,
            multiline=True,
            max_length=NOTE_MOST,
            placeholder=words(placeholder),
        ),
        optional=optional,
    )
    made: Block = field.to_dict()
    return made


def lasting_field(block: str, action: str, lasts: Mapping[str, str], hint: str) -> Block:
    """For how long: *lasts* are the words by value, the first one chosen."""
    options = [Option(value=value, text=words(said)) for value, said in lasts.items()]
    field = InputBlock(
        block_id=block,
        label=words("For how long?"),
        hint=words(hint, 150),
        element=StaticSelectElement(action_id=action, options=options, initial_option=options[0]),
    )
    made: Block = field.to_dict()
    return made


def filled(submitted: Any) -> Any:
    """What was filled in, by block and action."""
    return submitted.get("state", {}).get("values", {})


def chosen(values: Any, block: str, action: str) -> str:
    """The value of the one option that was chosen; "" where none was."""
    found = values.get(block, {}).get(action, {}).get("selected_option") or {}
    return str(found.get("value") or "")


def written(values: Any, block: str, action: str) -> str:
    """What was typed in a field, as it was typed but for its ends."""
    return str(values.get(block, {}).get(action, {}).get("value") or "").strip()


def too_long(note: str) -> str:
    """What is wrong with a note's length, or "". Slack's own client does not let it happen."""
    return f"{len(note)} characters; {NOTE_MOST} at most." if len(note) > NOTE_MOST else ""


def unsaid(note: str, wanted: str) -> str:
    """What is wrong with a note that must be there, or "": *wanted* where nothing is left of it."""
    return too_long(note) if kept(note) else wanted


def kept(note: str) -> str:
    """A note as it is stored: nothing invisible in it, and no caller's number."""
    return as_written(note)


def carried(submitted: Any) -> str:
    """The alert's id that a modal carries, to the letter; "" where it carries none."""
    found = str(submitted.get("private_metadata", "")).partition(" ")[0]
    return found if read_alert_id(found) == found else ""


def carried_too(submitted: Any) -> str:
    """What a modal carries beside the alert's id: see `form`."""
    return str(submitted.get("private_metadata", "")).partition(" ")[2]
