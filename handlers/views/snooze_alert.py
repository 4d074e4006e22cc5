"""The answer to **Snooze…**: what, for how long, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import SnoozeModal
from handlers import deciding, said

ID = SnoozeModal.ID
VERB: Verb | None = Verb.SNOOZE


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """A critical alert's long snooze waits for a second person; all others begin."""
    answer = SnoozeModal.parse(view)
    deciding.decide(bot, ack, body, Verb.SNOOZE, answer, scope=answer.scope, hours=answer.hours)
