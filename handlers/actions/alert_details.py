"""**Details**: the allowed fields, why, what to do, who decided what, the last records."""

from __future__ import annotations

from slack_bolt import Ack

from bot import alerts
from bot.model import Allowed, Verb
from bot.ports import Bot
from bot.slack.modals import DetailsModal
from handlers import guard, said

ID = "alert_details"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Open the modal, with the raw record's button for those who may have it."""
    reader = said.person(body)
    found = alerts.details(bot, said.alert_id(body), reader)
    allowed = bot.people.get(Verb.RAW, Allowed())
    member = bot.directory.known(reader.user, reader.team, allowed.groups_for(reader.user))
    raw = guard.may(Verb.RAW, member, allowed, bot.team)
    view = DetailsModal.build(
        found.alert,
        found.records,
        found.decisions,
        bot.instances,
        may_raw=raw.allowed,
        around=found.around,
        related=found.related,
        times=found.times,
    )
    bot.dialogs.open(said.trigger(body), view)
    ack()
