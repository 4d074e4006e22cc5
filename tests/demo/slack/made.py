"""Things these tests are made with: a manifest, cards, views, and a Bolt app that joins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.slack import SlackServer

Json = dict[str, Any]

MANIFEST = """
display_information: {name: Callwarden}
features:
  bot_user: {display_name: Callwarden}
  slash_commands:
    - {command: /callwarden, description: What is going on, usage_hint: "[status | alerts]"}
    - {command: /audit, description: Who may do what, usage_hint: "[profiles]"}
oauth_config:
  scopes:
    bot: [chat:write, files:write, channels:history, channels:read, commands,
          groups:history, im:history, im:write, usergroups:read, users:read]
settings:
  event_subscriptions: {bot_events: [app_mention, message.im, user_change]}
  socket_mode_enabled: true
"""

ALERTS = "contact-centre-alerts"


def text(words: str, kind: str = "plain_text") -> Json:
    """A text object."""
    return {"type": kind, "text": words}


def button(action_id: str, words: str = "Press", **more: object) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": text(words), **more}


def card(*buttons: Json) -> list[Json]:
    """A card with a header, a section and buttons."""
    return [
        {"type": "header", "text": text("Somebody opened emergency access")},
        {"type": "section", "text": text("*Who* <@U1>", "mrkdwn")},
        {"type": "actions", "block_id": "doings", "elements": [*buttons] or [button("take")]},
    ]


def modal(**more: object) -> Json:
    """A modal with a note to write and a verdict to choose."""
    options = [{"text": text(word), "value": word} for word in ("true", "false")]
    select = {"type": "static_select", "action_id": "verdict", "options": options}
    note = {"type": "plain_text_input", "action_id": "note", "multiline": True, "max_length": 20}
    return {
        "type": "modal",
        "callback_id": "resolve",
        "title": text("Resolve"),
        "submit": text("Resolve"),
        "private_metadata": "A-7K2QF",
        "blocks": [
            {"type": "input", "block_id": "v", "label": text("Verdict"), "element": select},
            {
                "type": "input",
                "block_id": "n",
                "label": text("Note"),
                "element": note,
                "optional": True,
            },
        ],
        **more,
    }


@contextmanager
def joined(slack: SlackServer, listen: Callable[[App], None]) -> Iterator[App]:
    """A real Bolt app, connected by Socket Mode; *listen* registers its listeners."""
    logger = logging.getLogger("bolt-under-test")
    logger.setLevel(logging.CRITICAL)
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    app = App(client=client, logger=logger)
    listen(app)
    handler = SocketModeHandler(app, slack.app_token, logger=logger, ping_interval=1)
    handler.connect()
    slack.wait(lambda: slack.connected == 1)
    try:
        yield app
    finally:
        # Its threads sit in recv for up to 3 s and in a queue for 1 s: these wake them.
        handler.client.auto_reconnect_enabled = False
        handler.client.closed = True
        handler.client.message_queue.put(None)
        slack.cut()
        handler.close()
        app.listener_runner.listener_executor.shutdown(wait=True)


def refusal(call: Callable[[], object]) -> str:
    """The error code of a Web API call that must fail."""
    try:
        call()
    except SlackApiError as error:
        return str(error.response["error"])
    raise AssertionError("the call was not refused")
