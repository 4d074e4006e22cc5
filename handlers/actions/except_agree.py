"""**Agree** under a proposed exception."""

from __future__ import annotations

from slack_bolt import Ack

from bot import exemptions
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "except_agree"
VERB: Verb | None = Verb.AGREE_EXCEPT


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """The second person agrees; who proposed it cannot."""
    one = exemptions.find(bot, said.exemption_id(body))
    ask = said.ask(bot, body, Verb.AGREE_EXCEPT, alert=one.alert, exemption=one.id)
    exemptions.decide(bot, ask)
    ack()
