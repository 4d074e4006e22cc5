"""What the bot answers a person with: in its acknowledgement, and through a response_url."""

from __future__ import annotations

from typing import Any

from bot.demo.slack.faults import SlackError
from bot.demo.slack.interaction import Interaction
from bot.demo.slack.methods.ask import Ask
from bot.demo.slack.methods.chat import read_body
from bot.demo.slack.methods.views import checked_view
from bot.demo.slack.workspace import AnswerUrl, Workspace

Json = dict[str, Any]

TROUBLE = "We had some trouble connecting. Try again?"


def what_slack_says(interaction: Interaction, error: str = "dispatch_failed") -> str:
    """The sentence a person sees when what they did came to nothing; "" for an event."""
    if interaction.envelope_type == "slash_commands":
        return f'{interaction.payload["command"]} failed with the error "{error}"'
    if interaction.envelope_type == "events_api":
        return f"The event was not acknowledged ({error})."
    if interaction.payload["type"] == "view_submission":
        return TROUBLE
    if interaction.payload["type"] == "message_action":
        return f"⚠ The shortcut did not work ({error})."
    return f"⚠ The button did not work ({error})."


def announce_failure(ws: Workspace, interaction: Interaction, sentence: str) -> None:
    """Tell the page of the person it concerns."""
    payload = interaction.payload
    change: Json = {"kind": "failed", "user": interaction.user, "sentence": sentence}
    if payload.get("type") == "block_actions":
        change["ts"] = payload["container"].get("message_ts", "")
        change["action_id"] = payload["actions"][0]["action_id"]
    ws.announce(change)


def take_acknowledgement(ws: Workspace, interaction: Interaction, answer: Json) -> str:
    """Do what an acknowledgement asks for. Returns "" or the sentence of its failure."""
    try:
        if interaction.envelope_type == "slash_commands":
            if answer.get("text") or answer.get("blocks"):
                channel = interaction.payload["channel_id"]
                _say(ws, AnswerUrl(interaction.user, channel, until=0, left=1), answer)
        elif interaction.payload.get("type") == "view_submission":
            _take_view(ws, interaction, answer)
    except SlackError as error:
        return what_slack_says(interaction, error.code)
    return ""


def take_answer(ws: Workspace, key: str, body: Json) -> None:
    """Carry out a POST to a response_url. Raises SlackError used_url, expired_url, … ."""
    url = ws.answer_urls.get(key)
    if url is None or ws.times.steady() > url.until:
        raise SlackError("expired_url")
    if url.left < 1:
        raise SlackError("used_url")
    url.left -= 1
    if body.get("delete_original"):
        _change_original(ws, url, None)
    elif body.get("replace_original") and url.original:
        _change_original(ws, url, {"text": ""} | read_body(Ask(ws, body)))
    else:
        _say(ws, url, body)


def _say(ws: Workspace, url: AnswerUrl, body: Json) -> None:
    message = {"text": ""} | read_body(Ask(ws, body))
    if body.get("thread_ts") or url.thread:
        message["thread_ts"] = body.get("thread_ts") or url.thread
    if body.get("response_type") == "in_channel":
        ws.post(ws.conversations[url.channel], ws.bot_user, message)
    else:
        ws.whisper(url.channel, url.user, message)


def _change_original(ws: Workspace, url: AnswerUrl, body: Json | None) -> None:
    if url.ephemeral:
        ws.replace_whisper(url.user, url.original, body)
        return
    channel = ws.conversations[url.channel]
    message = channel.get(url.original)
    if message is None:
        raise SlackError("message_not_found")
    if body is None:
        ws.delete(channel, url.original)
    else:
        ws.edit(channel, message, body)


def _take_view(ws: Workspace, interaction: Interaction, answer: Json) -> None:
    user, view_id = interaction.user, interaction.payload["view"]["id"]
    if ws.modals.find(view_id) is None:
        return  # The person closed it while the bot was thinking.
    match answer.get("response_action"):
        case None:
            ws.modals.close(user)
        case "clear":
            ws.modals.close(user, whole_stack=True)
        case "errors":
            blocks = {block["block_id"] for block in interaction.payload["view"]["blocks"]}
            errors = answer.get("errors")
            if not isinstance(errors, dict) or not errors or not errors.keys() <= blocks:
                raise SlackError("invalid_arguments")
            ws.modals.complain(user, view_id, errors)
        case "update":
            ws.modals.update(view_id, "", checked_view(ws, answer.get("view")))
        case "push":
            ws.modals.push(user, checked_view(ws, answer.get("view")))
        case _:
            raise SlackError("invalid_arguments")
