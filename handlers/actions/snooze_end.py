"""**End it** under a snooze."""

from __future__ import annotations

from slack_bolt import Ack

from bot import snoozes
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "snooze_end"
VERB: Verb | None = Verb.WAKE


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """The snooze is over, for everybody."""
    snooze = snoozes.find(bot, said.snooze_id(body))
    ask = said.ask(bot, body, Verb.WAKE, alert=snooze.alert, snooze=snooze.id)
    snoozes.decide(bot, ask)
    ack()
