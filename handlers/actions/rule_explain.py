"""**Explain…** under a list of rules."""

from __future__ import annotations

from slack_bolt import Ack, Respond

from bot.model import Verb
from bot.ports import Bot
from handlers import rules, said

ID = "rule_explain"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """Who chose a rule gets its card below the list, which stays as it is."""
    card = rules.explained(bot, said.value(body))
    ack()
    respond(**card, response_type="ephemeral", replace_original=False)
