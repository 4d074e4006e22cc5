"""What people do in Slack: press, choose, type, submit; each is sent to the bot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.demo.slack.conversations import Conversation
from bot.demo.slack.interaction import EnvelopeType, Interaction
from bot.demo.slack.modals import state_values
from bot.demo.slack.payloads import (
    block_actions,
    event_callback,
    message_action,
    slash_command,
    view_actions,
    view_closed,
    view_submission,
)
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.workspace import Workspace
from bot.errors import BadInput

Json = dict[str, Any]


class Hands:
    """The people's hands. Tests, the demo's story and the page all use these same methods."""

    def __init__(self, workspace: Workspace, socket_mode: SocketMode, port: int) -> None:
        self._ws = workspace
        self._socket_mode = socket_mode
        self._port = port
        self._sent: list[Interaction] = []

    @property
    def page_url(self) -> str:
        """Where the workspace's page is."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def connected(self) -> int:
        """Sockets now open."""
        return self._socket_mode.connected

    def press(
        self, person: str, channel: str, ts: str, action_id: str, option: str | None = None
    ) -> Interaction:
        """Press a button, or choose *option* of a select, in a message. Raises BadInput."""
        with self._ws.lock:
            who, where = self._ws.person(person), self._ws.conversation(channel)
            if who.id not in where.members:
                raise BadInput(f"{who.name} is not in this channel.", where="channel")
            message = where.get(ts) or next(
                (one for one in self._ws.ephemerals.get(who.id, ()) if one["ts"] == ts), None
            )
            if message is None:
                raise BadInput(f"There is no message {ts} in {channel}.", where="ts")
            payload = block_actions(self._ws, self.page_url, who, where, message, action_id, option)
        return self._deliver("interactive", payload)

    def shortcut(self, person: str, channel: str, ts: str, callback_id: str) -> Interaction:
        """Choose a message shortcut in a message's menu. Raises BadInput."""
        with self._ws.lock:
            who, where = self._ws.person(person), self._ws.conversation(channel)
            message = where.get(ts)
            if who.id not in where.members or message is None:
                raise BadInput(f"There is no message {ts} in {channel}.", where="ts")
            payload = message_action(self._ws, self.page_url, who, where, message, callback_id)
        return self._deliver("interactive", payload)

    def press_in_view(
        self,
        person: str,
        view_id: str,
        action_id: str,
        values: Mapping[str, object] | None = None,
        option: str | None = None,
    ) -> Interaction:
        """Press something inside a modal. Raises BadInput."""
        with self._ws.lock:
            who = self._ws.person(person)
            view = self._ws.modals.of(who.id, view_id)
            payload = view_actions(self._ws, who, view, action_id, dict(values or {}), option)
        return self._deliver("interactive", payload)

    def slash(self, person: str, channel: str, command: str, text: str) -> Interaction:
        """Send a slash command. Raises BadInput where the manifest has none such."""
        with self._ws.lock:
            who, where = self._ws.person(person), self._ws.conversation(channel)
            payload = slash_command(self._ws, self.page_url, who, where, command, text)
        return self._deliver("slash_commands", payload)

    def submit(self, person: str, view_id: str, values: Mapping[str, object]) -> Interaction:
        """Submit a modal; *values* by action_id or `block_id/action_id`.

        Raises BadInput for what Slack's own client would not send.
        """
        with self._ws.lock:
            who = self._ws.person(person)
            view = self._ws.modals.of(who.id, view_id)
            if not view["submit"]:
                raise BadInput("This view has nothing to submit.", where="view_id")
            state = state_values(view["blocks"], values, strict=True)
            payload = view_submission(self._ws, who, view, state)
        return self._deliver("interactive", payload)

    def close_view(self, person: str, view_id: str) -> Interaction | None:
        """Close a modal; the bot hears of it where the view asked for that."""
        with self._ws.lock:
            who = self._ws.person(person)
            view = self._ws.modals.of(who.id, view_id)
            self._ws.modals.close(who.id)
            if not view["notify_on_close"]:
                return None
            payload = view_closed(self._ws, who, view, cleared=False)
        return self._deliver("interactive", payload)

    def say(self, person: str, channel: str, text: str, thread: str | None = None) -> Json:
        """Write an ordinary message; the bot hears of it where it is subscribed."""
        with self._ws.lock:
            who, where = self._ws.person(person), self._place(person, channel)
            body: Json = {"text": text} | ({"thread_ts": thread} if thread else {})
            message = self._ws.post(where, who.id, body)
        kinds = {"channel": "channel", "group": "group", "im": "im"}
        heard: Json = message | {"channel": where.id, "channel_type": kinds[where.kind]}
        mention = f"<@{self._ws.bot_user}>" in text
        for event in (heard, heard | {"type": "app_mention"}) if mention else (heard,):
            try:
                self.event(event)
            except BadInput:
                continue  # Not subscribed: Slack keeps it to itself too.
        return message

    def event(self, event: Json) -> Interaction:
        """Deliver an Events API event. Raises BadInput where the app is not subscribed to it."""
        with self._ws.lock:
            payload = event_callback(self._ws, event)
        return self._deliver("events_api", payload)

    def _place(self, person: str, channel: str) -> Conversation:
        found = self._ws.find(channel)
        return found or self._ws.direct(self._ws.person(person).id)

    def _deliver(self, kind: EnvelopeType, payload: Json) -> Interaction:
        interaction = Interaction(kind, payload, self._ws.times.steady())
        with self._ws.lock:
            self._sent.append(interaction)
        self._socket_mode.deliver(interaction)
        return interaction
