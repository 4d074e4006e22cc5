"""The answer to **Re-open…**."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import ReopenModal
from handlers import deciding, said

ID = ReopenModal.ID
VERB: Verb | None = Verb.REOPEN


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """The alert is open again and nobody's."""
    deciding.decide(bot, ack, body, Verb.REOPEN, ReopenModal.parse(view))
