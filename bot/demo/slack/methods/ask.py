"""One call of a Web API method: its arguments, read as Slack reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bot.demo.slack.conversations import Conversation
from bot.demo.slack.faults import SlackError
from bot.demo.slack.workspace import Workspace

Json = dict[str, Any]


class Ask:
    """Arguments come as JSON, as a form whose fields hold JSON, or in the query."""

    def __init__(self, workspace: Workspace, args: Mapping[str, object]) -> None:
        self.workspace = workspace
        self.args = args

    def text(self, name: str) -> str:
        """A string argument, "" where it is not given."""
        value = self.args.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """A yes or no: true, "true", 1 and "1" are yes."""
        return str(self.args.get(name, "")).lower() in {"true", "1"}

    def number(self, name: str, otherwise: int) -> int:
        """A whole number. Raises SlackError invalid_arguments."""
        value = self.args.get(name)
        if value in (None, ""):
            return otherwise
        try:
            return int(str(value))
        except ValueError:
            raise SlackError("invalid_arguments") from None

    def tree(self, name: str, refusal: str) -> object:
        """A JSON argument, also where it came as a string. Raises SlackError *refusal*."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            return None if value == "" else value
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise SlackError(refusal) from None

    def need(self, scope: str) -> None:
        """Raise SlackError missing_scope where the manifest does not ask for *scope*."""
        granted = self.workspace.manifest.scopes
        if scope not in granted:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(granted)))

    def channel(self, name: str = "channel") -> Conversation:
        """The conversation an argument names. Raises SlackError channel_not_found."""
        found = self.workspace.find(self.text(name))
        if found is None or (
            found.kind == "group" and self.workspace.bot_user not in found.members
        ):
            raise SlackError("channel_not_found")
        return found


class Method:
    """A Web API method: what it does, the scopes it always needs, its tier and its token."""

    def __init__(
        self,
        run: Callable[[Ask], Json],
        *scopes: str,
        tier: int | None = None,
        token: str = "bot",  # noqa: S107 - the kind of token, not one
    ) -> None:
        self.run, self.scopes, self.tier, self.token = run, scopes, tier, token
