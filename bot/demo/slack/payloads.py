"""What Slack sends the bot, in Slack's published shapes."""

from __future__ import annotations

import secrets
from typing import Any

from bot.demo.slack.conversations import Conversation
from bot.demo.slack.modals import elements, option, state_values
from bot.demo.slack.people import DemoPerson
from bot.demo.slack.workspace import AnswerUrl, Workspace
from bot.errors import BadInput

Json = dict[str, Any]

VERIFICATION = "deprecated-verification-token"
"""Slack still sends such a token; nothing should read it."""


def slash_command(
    ws: Workspace, base: str, person: DemoPerson, channel: Conversation, command: str, text: str
) -> Json:
    """The payload of a slash command. *base* is the server's address, ending in a slash."""
    if "commands" not in ws.manifest.scopes or command not in {
        one.command for one in ws.manifest.commands
    }:
        raise BadInput(f"{command} is not a valid command.", where="command")
    names = {"im": "directmessage", "group": "privategroup"}
    url = _answer_url(ws, person, channel)
    return {
        "token": VERIFICATION,
        "team_id": person.team,
        "team_domain": ws.domain,
        "channel_id": channel.id,
        "channel_name": names.get(channel.kind, channel.name),
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": ws.app_id,
        "is_enterprise_install": "false",
        "response_url": base + ws.new_answer_url(url),
        "trigger_id": ws.new_trigger(person.id),
    }


def block_actions(
    ws: Workspace,
    base: str,
    person: DemoPerson,
    channel: Conversation,
    message: Json,
    action_id: str,
    chosen: str | None = None,
) -> Json:
    """The payload of an element pressed in a message. *chosen* is the option of a select."""
    ephemeral = bool(message.get("is_ephemeral"))
    url = _answer_url(ws, person, channel)
    url.original, url.ephemeral = message["ts"], ephemeral
    url.thread = message.get("thread_ts", "")
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    body = _interactive(ws, person, "block_actions") | {
        "container": container,
        "trigger_id": ws.new_trigger(person.id),
        "channel": {
            "id": channel.id,
            "name": {"group": "privategroup"}.get(channel.kind, channel.name),
        },
        "state": {"values": state_values(message.get("blocks", []), {})},
        "response_url": base + ws.new_answer_url(url),
        "actions": [_action(ws, message.get("blocks", []), action_id, chosen)],
    }
    return body if ephemeral else body | {"message": message}


def message_action(
    ws: Workspace,
    base: str,
    person: DemoPerson,
    channel: Conversation,
    message: Json,
    callback_id: str,
) -> Json:
    """The payload of a message shortcut. Raises BadInput where the manifest has none such."""
    known = {one.callback_id for one in ws.manifest.shortcuts}
    if "commands" not in ws.manifest.scopes or callback_id not in known:
        raise BadInput(f"There is no shortcut {callback_id!r}.", where="callback_id")
    url = _answer_url(ws, person, channel)
    return _interactive(ws, person, "message_action") | {
        "callback_id": callback_id,
        "trigger_id": ws.new_trigger(person.id),
        "response_url": base + ws.new_answer_url(url),
        "action_ts": ws.new_ts(),
        "message_ts": message["ts"],
        "channel": {
            "id": channel.id,
            "name": {"group": "privategroup"}.get(channel.kind, channel.name),
        },
        "message": message,
    }


def view_actions(
    ws: Workspace,
    person: DemoPerson,
    view: Json,
    action_id: str,
    values: dict[str, object],
    chosen: str | None = None,
) -> Json:
    """The payload of an element pressed in a modal; *values* are what its inputs hold."""
    return _interactive(ws, person, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": ws.new_trigger(person.id),
        "view": view | {"state": {"values": state_values(view["blocks"], values)}},
        "actions": [_action(ws, view["blocks"], action_id, chosen)],
    }


def view_submission(ws: Workspace, person: DemoPerson, view: Json, values: Json) -> Json:
    """The payload of a submitted modal; *values* is `state.values`."""
    return _interactive(ws, person, "view_submission") | {
        "trigger_id": ws.new_trigger(person.id),
        "view": view | {"state": {"values": values}},
        "response_urls": [],
    }


def view_closed(ws: Workspace, person: DemoPerson, view: Json, *, cleared: bool) -> Json:
    """The payload of a modal closed without submitting."""
    return _interactive(ws, person, "view_closed") | {"view": view, "is_cleared": cleared}


def event_callback(ws: Workspace, event: Json) -> Json:
    """The payload of an Events API event. Raises BadInput where the app is not subscribed."""
    _check_subscribed(ws, event)
    authorization = {
        "enterprise_id": None,
        "team_id": ws.team,
        "user_id": ws.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION,
        "team_id": ws.team,
        "context_team_id": ws.team,
        "context_enterprise_id": None,
        "api_app_id": ws.app_id,
        "event": {"event_ts": ws.new_ts()} | event,
        "type": "event_callback",
        "event_id": ws.serial("Ev"),
        "event_time": int(ws.times.wall()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_hex(12),
    }


def subscription(event: Json) -> str:
    """The name an event is subscribed to under (`message.channels` for a channel's message)."""
    name = str(event.get("type", ""))
    if name != "message":
        return name
    kinds = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
    return f"message.{kinds.get(event.get('channel_type', 'channel'), 'channels')}"


def _check_subscribed(ws: Workspace, event: Json) -> None:
    wanted = subscription(event)
    if wanted not in ws.manifest.events:
        raise BadInput(f"The app is not subscribed to {wanted!r}.", where="event")


def _interactive(ws: Workspace, person: DemoPerson, kind: str) -> Json:
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.handle,
            "name": person.handle,
            "team_id": person.team,
        },
        "api_app_id": ws.app_id,
        "token": VERIFICATION,
        "team": {"id": ws.team, "domain": ws.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _answer_url(ws: Workspace, person: DemoPerson, channel: Conversation) -> AnswerUrl:
    return AnswerUrl(
        user=person.id,
        channel=channel.id,
        until=ws.times.steady() + ws.limits.answer_seconds,
        left=ws.limits.answers,
    )


def _action(ws: Workspace, blocks: list[Json], action_id: str, chosen: str | None) -> Json:
    """The entry of `actions` for an `action_id` or `block_id/action_id`. Raises BadInput."""
    for block, element in elements(blocks):
        if action_id in (element["action_id"], f"{block['block_id']}/{element['action_id']}"):
            break
    else:
        raise BadInput("This has changed meanwhile: what you pressed is not there any more.")
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": ws.new_ts(),
    }
    if element["type"] == "button":
        action["text"] = element["text"]
        return action | ({"value": element["value"]} if "value" in element else {})
    if element["type"] == "users_select":
        return action | {"selected_user": chosen}
    if element["type"] in {"checkboxes", "multi_static_select"}:
        return action | {"selected_options": [option(element, chosen)] if chosen else []}
    return action | {"selected_option": option(element, chosen)}
