"""The answer to **Hand over…**: who shall have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Allowed, Person, Verb
from bot.ports import Bot
from bot.slack.modals import HandOverModal
from handlers import deciding, guard, said

ID = HandOverModal.ID
VERB: Verb | None = Verb.HAND_OVER


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """Only somebody who may take alerts can be given one."""
    answer = HandOverModal.parse(view)
    to = None
    if answer.to and not answer.errors:
        member = bot.directory.known(answer.to, bot.team)
        if member is None:
            guard.look_up_soon(bot, answer.to)
            ack(response_action="errors", errors={HandOverModal.TO: _ASKING})
            return
        if not guard.may(Verb.TAKE, member, bot.people.get(Verb.TAKE, Allowed()), bot.team).allowed:
            ack(response_action="errors", errors={HandOverModal.TO: _MAY_NOT})
            return
        to = Person(user=member.user, team=member.team, name=member.name)
    deciding.decide(bot, ack, body, Verb.HAND_OVER, answer, to=to, shown=answer.shown)


_ASKING = "I am checking who that is. Please press again."
_MAY_NOT = "They may not take alerts: [people.take] in the settings does not name them."
