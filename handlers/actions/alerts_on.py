"""**Next ▸** under a list of alerts."""

from __future__ import annotations

from slack_bolt import Ack, Respond

from bot.model import Verb
from bot.ports import Bot
from handlers import listing, said

ID = "alerts_on"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """The list turns its page in place."""
    listing.turn(bot, ack, body, respond)
