"""The answer to **Resolve…**: a verdict and a note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import ResolveModal
from handlers import deciding, said

ID = ResolveModal.ID
VERB: Verb | None = Verb.RESOLVE


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """Errors go to their fields; who comes second sees in the modal who was first."""
    answer = ResolveModal.parse(view)
    deciding.decide(bot, ack, body, Verb.RESOLVE, answer, verdict=answer.verdict)
