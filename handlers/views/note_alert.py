"""The answer to **Add note…**."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import NoteModal
from handlers import deciding, said

ID = NoteModal.ID
VERB: Verb | None = Verb.NOTE


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """Keep the note, and show it on the card."""
    deciding.decide(bot, ack, body, Verb.NOTE, NoteModal.parse(view))
