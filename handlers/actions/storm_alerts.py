"""**Show the alerts** under a storm's message."""

from __future__ import annotations

from slack_bolt import Ack, Respond

from bot.model import Verb
from bot.ports import Bot
from handlers import listing, said

ID = "storm_alerts"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """Who pressed it gets the list; the storm's message stays as it is."""
    listing.begin(bot, ack, body, respond)
