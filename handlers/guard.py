"""Who may speak to the bot: middleware before every listener. Unknown means no.

Nothing is asked of Slack before the ack. Somebody whom we would have to look up first is acked,
looked up, and only then heard; see `Door.later`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from enum import StrEnum

from msgspec import Struct
from slack_bolt import Ack, BoltRequest, BoltResponse, Respond

from bot import alerts
from bot.errors import BadInput, Fault
from bot.model import Allowed, Ask, Member, Person, Verb, iso
from bot.ports import Bot
from bot.slack import cards
from handlers import replies, said

log = logging.getLogger(__name__)

LOOK_UPS = 4
"""Threads that ask Slack who somebody is."""

_LOOKED_UP = "callwarden_member"
_DEEDS = {
    Verb.LOOK: "look at alerts",
    Verb.TAKE: "take alerts",
    Verb.RESOLVE: "resolve alerts",
    Verb.RAW: "receive raw records",
    Verb.HAND_OVER: "hand alerts over",
    Verb.NOTE: "write notes",
    Verb.REOPEN: "re-open alerts",
    Verb.SNOOZE: "snooze alerts",
    Verb.AGREE: "agree to snoozes",
    Verb.WAKE: "end snoozes",
    Verb.EXCEPT: "propose exceptions",
    Verb.AGREE_EXCEPT: "agree to exceptions",
    Verb.UNEXCEPT: "end exceptions",
    Verb.RELOAD: "have the rules read anew",
}


class Reason(StrEnum):
    """Why somebody may or may not."""

    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    STRANGER = "stranger"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    NOT_NAMED = "not_named"


class Ruling(Struct, frozen=True):
    """Whether somebody may; *sentence* is for them."""

    allowed: bool
    reason: Reason
    sentence: str = ""


def may(verb: Verb, member: Member | None, allowed: Allowed, team: str) -> Ruling:
    """Whether *member* may *verb*, in the workspace *team*. Pure; None is somebody unknown."""
    if member is None:
        return _no(Reason.UNKNOWN, verb)
    faults = {
        Reason.STRANGER: member.stranger or not team or member.team != team,
        Reason.DEACTIVATED: member.deleted,
        Reason.BOT: member.bot,
        Reason.GUEST: member.guest,
        Reason.NOT_NAMED: not _named(member, allowed),
    }
    for reason, true in faults.items():
        if true:
            return _no(reason, verb)
    return Ruling(True, Reason.ALLOWED)


def _named(member: Member, allowed: Allowed) -> bool:
    in_group = not set(allowed.groups).isdisjoint(member.groups)
    return allowed.everyone or member.user in allowed.users or in_group


def _no(reason: Reason, verb: Verb) -> Ruling:
    why = {
        Reason.UNKNOWN: "I could not check who you are; nothing was done. Please try again.",
        Reason.STRANGER: "Only members of this workspace may do that.",
        Reason.DEACTIVATED: "Your account is deactivated.",
        Reason.BOT: "Bots may not do that.",
        Reason.GUEST: f"Guests may not {_DEEDS[verb]}.",
    }
    named = f"You may not {_DEEDS[verb]}: [people.{verb}] in the settings does not name you."
    return Ruling(False, reason, why.get(reason, named))


class Door:
    """The door: knows what each listener demands, and lets people in again after a look-up."""

    def __init__(
        self,
        bot: Bot,
        verbs: Mapping[tuple[str, str], Verb],
        dispatch: Callable[[BoltRequest], BoltResponse],
        looking_up: Executor,
    ) -> None:
        """*verbs* by (kind, id) of the listener; *dispatch* is the app's own."""
        self.bot = bot
        self.verbs = verbs
        self._dispatch = dispatch
        self._looking_up = looking_up

    def judge(self, person: Person, verb: Verb, looked_up: Member | None) -> Ruling | None:
        """May *person* do it? None where Slack must be asked first."""
        allowed = self.bot.people.get(verb, Allowed())
        if person.team != self.bot.team:
            return _no(Reason.STRANGER, verb)
        if not (allowed.everyone or allowed.groups or person.user in allowed.users):
            return _no(Reason.NOT_NAMED, verb)
        groups = allowed.groups_for(person.user)
        member = looked_up or self.bot.directory.known(person.user, person.team, groups)
        return may(verb, member, allowed, self.bot.team) if member else None

    def refuse(self, req: BoltRequest, verb: Verb, sentence: str) -> None:
        """Write it down; a button's presser is told beside the card."""
        body = req.body
        pressed = said.kind(body) in {"actions", "shortcuts"}
        ask = Ask(
            key=said.trigger(body),
            verb=verb,
            alert=said.subject(body) or said.listener(body),
            by=said.person(body),
            at=iso(self.bot.clock.now()),
            channel=said.answer_channel(self.bot, body) if pressed else "",
        )
        alerts.refuse(self.bot, ask, sentence)

    def start_later(self, req: BoltRequest, verb: Verb, respond: Respond) -> None:
        """`later`, on a thread of its own."""
        self._looking_up.submit(self.later, req, verb, respond)

    def later(self, req: BoltRequest, verb: Verb, respond: Respond) -> None:
        """After the ack: find out who it is, then hear what was said as if it came now."""
        person = said.person(req.body)
        groups = self.bot.people.get(verb, Allowed()).groups_for(person.user)
        try:
            member = self.bot.directory.look_up(person.user, person.team, groups)
        except Exception as error:
            known = isinstance(error, Fault)
            log.warning("Could not look somebody up: %s", error, exc_info=None if known else error)
            self._unknown(req, verb, respond)
            return
        if said.kind(req.body) == "views":
            return  # the person was asked to press again
        try:
            self._answer(self._dispatch(_again(req, member)), respond)
        except Exception:
            log.exception("An answer after a look-up did not arrive; what was asked was done.")

    def _unknown(self, req: BoltRequest, verb: Verb, respond: Respond) -> None:
        try:
            sentence = _no(Reason.UNKNOWN, verb).sentence
            self.refuse(req, verb, sentence)
            if said.kind(req.body) == "commands":
                respond(**cards.private_text(sentence), response_type="ephemeral")
        except Exception:
            log.exception("Could not tell somebody that they could not be looked up.")

    @staticmethod
    def _answer(response: BoltResponse, respond: Respond) -> None:
        """A command's answer normally rides in the ack, which has gone already."""
        if response.status != 200 or not response.body:
            return
        kind = (response.headers.get("content-type") or [""])[0]
        is_json = kind.startswith("application/json")
        respond(json.loads(response.body) if is_json else response.body)


def look_up_soon(bot: Bot, user: str, groups: Sequence[str] = ()) -> None:
    """Find out who *user* is, and whether one of *groups* holds them, on a thread of its own; who
    asked is told to press again.
    """

    def look() -> None:
        try:
            bot.directory.look_up(user, bot.team, groups)
        except Exception as error:
            known = isinstance(error, Fault)
            log.warning("Could not look somebody up: %s", error, exc_info=None if known else error)

    threading.Thread(target=look, name="look-up", daemon=True).start()


def check(
    door: Door, req: BoltRequest, ack: Ack, respond: Respond, next_: Callable[[], None]
) -> BoltResponse | None:
    """The middleware: goes on only for those who may."""
    kind = said.kind(req.body)
    if kind == "events":
        next_()
        return None
    if not kind:
        return BoltResponse(status=404, body="")  # nothing of ours listens to it
    verb = door.verbs.get((kind, said.listener(req.body)))
    if verb is None:
        raise BadInput("I do not know that button or command (any more).", where="listener")
    ruling = door.judge(said.person(req.body), verb, req.context.get(_LOOKED_UP))
    if ruling is None:
        door.start_later(req, verb, respond)
        if kind == "views":
            return replies.in_view(req.body, "I am checking who you are. Please press again.")
        return ack()
    if not ruling.allowed:
        door.refuse(req, verb, ruling.sentence)
        return replies.at_once(req.body, ruling.sentence)
    next_()
    return None


def _again(req: BoltRequest, member: Member) -> BoltRequest:
    body = req.raw_body if req.mode == "http" else req.body
    return BoltRequest(body=body, headers=req.headers, mode=req.mode, context={_LOOKED_UP: member})
