"""**Remove** at an exception, **No** under a proposed one."""

from __future__ import annotations

from slack_bolt import Ack

from bot import exemptions
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "except_end"
VERB: Verb | None = Verb.UNEXCEPT


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """The exception is over, for everybody."""
    one = exemptions.find(bot, said.exemption_id(body))
    ask = said.ask(bot, body, Verb.UNEXCEPT, alert=one.alert, exemption=one.id)
    exemptions.decide(bot, ask)
    ack()
