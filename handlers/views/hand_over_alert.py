"""The answer to **Hand over…**: who shall have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot.model import Allowed, Member, Person, Verb
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
        member, fault = _receiver(bot, answer.to)
        if member is None:
            ack(response_action="errors", errors={HandOverModal.TO: fault})
            return
        to = Person(user=member.user, team=member.team, name=member.name)
    deciding.decide(bot, ack, body, Verb.HAND_OVER, answer, to=to, shown=answer.shown)


def _receiver(bot: Bot, user: str) -> tuple[Member | None, str]:
    """Who may be given an alert, or None and why not."""
    allowed = bot.people.get(Verb.TAKE, Allowed())
    groups = allowed.groups_for(user)
    member = bot.directory.known(user, bot.team, groups)
    if member is None:
        # Asked before the look-up below, which may end at any time.
        vain = bot.directory.refusal(user)
        guard.look_up_soon(bot, user, groups)
        return None, f"{_VAIN} {vain}" if vain else _ASKING
    ruling = guard.may(Verb.TAKE, member, allowed, bot.team)
    return (member, "") if ruling.allowed else (None, _WHY_NOT.get(ruling.reason, _NOT_NAMED))


_ASKING = "I am checking who that is. Please press again."
_VAIN = "I could not find out who that is; choose somebody else, or try again later."
_NOT_NAMED = "They may not take alerts: [people.take] in the settings does not name them."
_WHY_NOT = {
    guard.Reason.STRANGER: "They are no member of this workspace.",
    guard.Reason.DEACTIVATED: "Their account is deactivated.",
    guard.Reason.BOT: "That is a bot, and bots cannot have alerts.",
    guard.Reason.GUEST: "They are a guest, and guests may not take alerts.",
}
