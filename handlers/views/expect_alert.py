"""The answer to **Always expected…**: what must be equal, for how long, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import ExpectModal
from handlers import deciding, said

ID = ExpectModal.ID
VERB: Verb | None = Verb.EXCEPT


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """It is proposed in the thread as the window showed it; a second person makes it begin."""
    answer = ExpectModal.parse(view)
    deciding.decide(
        bot,
        ack,
        body,
        Verb.EXCEPT,
        answer,
        equal=answer.equal,
        days=answer.days,
        record=answer.record,
    )
