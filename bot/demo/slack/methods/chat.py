"""chat.*: post, update, delete, whisper."""

from __future__ import annotations

from bot.demo.slack.blocks import (
    MESSAGE_BLOCKS,
    TEXT_OF_ALL_BLOCKS,
    check_message_blocks,
    text_length,
)
from bot.demo.slack.conversations import Conversation
from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods.ask import Ask, Json, Method

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
LONGEST_METADATA = 8_000


def post_message(ask: Ask) -> Json:
    """Say something in a channel, a thread or, by user id, in a direct message."""
    ws = ask.workspace
    target = ask.text("channel")
    channel = ws.direct(target) if target in ws.by_id else ask.channel()
    body = {"text": ""} | read_body(ask)
    _may_post(ask, channel)
    parent = ask.text("thread_ts")
    if parent:
        if channel.get(parent) is None:
            raise SlackError("thread_not_found")
        body["thread_ts"] = parent
        if ask.flag("reply_broadcast"):
            body["subtype"] = "thread_broadcast"
    message = ws.post(channel, ws.bot_user, body)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def update(ask: Ask) -> Json:
    """Change a message of the bot's own. Fields that are not given stay as they are."""
    ws = ask.workspace
    channel, message = _own(ask, "cant_update_message")
    if channel.archived:
        raise SlackError("is_archived")
    body = read_body(ask)
    if len(body.get("text", "")) > LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    changed = ws.edit(channel, message, body)
    return {"channel": channel.id, "ts": message["ts"], "text": changed.get("text", "")} | {
        "message": changed
    }


def delete(ask: Ask) -> Json:
    """Take back a message of the bot's own."""
    channel, message = _own(ask, "cant_delete_message")
    ask.workspace.delete(channel, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def post_ephemeral(ask: Ask) -> Json:
    """Say something that one person in the channel sees, until they reload."""
    ws = ask.workspace
    channel = ask.channel()
    user = ask.text("user")
    if user not in ws.by_id:
        raise SlackError("user_not_found")
    _may_post(ask, channel)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    body = {"text": ""} | read_body(ask)
    if ask.text("thread_ts"):
        body["thread_ts"] = ask.text("thread_ts")
    return {"message_ts": ws.whisper(channel.id, user, body)["ts"]}


def read_body(ask: Ask) -> Json:
    """text, blocks and metadata of a message, checked as Slack checks them.

    Text over 40,000 letters is cut. Raises SlackError no_text, invalid_blocks, … .
    """
    body: Json = {}
    if "text" in ask.args:
        body["text"] = ask.text("text")[:LONGEST_TEXT]
    blocks = ask.tree("blocks", "invalid_blocks_format")
    if blocks is not None:
        body["blocks"] = checked_blocks(blocks)
    if not body.get("text") and not body.get("blocks"):
        raise SlackError("no_text")
    metadata = ask.tree("metadata", "invalid_metadata_format")
    if metadata is not None:
        body["metadata"] = _checked_metadata(ask)
    return body


def checked_blocks(blocks: object) -> list[Json]:
    """The blocks. Raises SlackError invalid_blocks with what is wrong, or msg_blocks_too_long."""
    faults = check_message_blocks(blocks)
    if faults:
        raise SlackError(
            "invalid_blocks",
            errors=faults,
            response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]},
        )
    assert isinstance(blocks, list)
    assert len(blocks) <= MESSAGE_BLOCKS
    if text_length(blocks) > TEXT_OF_ALL_BLOCKS:
        raise SlackError("msg_blocks_too_long")
    return blocks


def _checked_metadata(ask: Ask) -> Json:
    metadata = ask.tree("metadata", "invalid_metadata_format")
    if metadata == {}:
        return {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        raise SlackError("invalid_metadata_format")
    if len(str(metadata)) > LONGEST_METADATA:
        raise SlackError("metadata_too_large")
    return {key: metadata[key] for key in ("event_type", "event_payload")}


def _may_post(ask: Ask, channel: Conversation) -> None:
    if channel.archived:
        raise SlackError("is_archived")
    if ask.workspace.bot_user not in channel.members:
        raise SlackError("not_in_channel")


def _own(ask: Ask, refusal: str) -> tuple[Conversation, Json]:
    channel = ask.channel()
    message = channel.get(ask.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message["user"] != ask.workspace.bot_user:
        raise SlackError(refusal)
    return channel, message


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.update": Method(update, "chat:write", tier=3),
    "chat.delete": Method(delete, "chat:write", tier=3),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write", tier=4),
}
