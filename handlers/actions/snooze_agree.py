"""**Agree** under a snooze."""

from __future__ import annotations

from slack_bolt import Ack

from bot import snoozes
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "snooze_agree"
VERB: Verb | None = Verb.AGREE


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """The second person agrees; who asked cannot."""
    snooze = snoozes.find(bot, said.snooze_id(body))
    ask = said.ask(bot, body, Verb.AGREE, alert=snooze.alert, snooze=snooze.id)
    snoozes.decide(bot, ask)
    ack()
