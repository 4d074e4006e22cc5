"""`/callwarden help|status|alert ID|alerts …|rules …`, answered privately in the ack."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from slack_bolt import Ack, Respond

from bot import alerts
from bot.errors import BadInput
from bot.model import Person, Verb, read_alert_id
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import Message
from bot.slack.text import plain
from handlers import listing, rules, said

ID = "/callwarden"
VERB: Verb | None = Verb.LOOK
CHOICES: Mapping[str, Verb] = {"rules reload": Verb.RELOAD}
"""What needs more than looking."""


def handle(bot: Bot, ack: Ack, command: Mapping[str, Any], respond: Respond) -> None:
    """Find the verb and answer. A mistake gets the closest verb as a hint."""
    words = said.words(str(command.get("text") or ""))
    verb = words[0].lower() if words else "help"
    if verb not in _VERBS:
        hint = _hint(verb, list(_VERBS)) or "Try /callwarden help."
        raise BadInput(f"I do not know '{plain(verb, 40)}'. {hint}", where="verb")
    if [word.lower() for word in words[:2]] == ["rules", "reload"]:
        # Reading hundreds of files may take longer than Slack waits for an ack.
        ack()
        done = rules.reload(bot, said.ask(bot, command, Verb.RELOAD, alert="rules"))
        respond(**done, response_type="ephemeral")
        return
    message = _VERBS[verb](bot, said.person(command), words[1:])
    ack(text=message["text"], blocks=message["blocks"], response_type="ephemeral")


def _help(_bot: Bot, _by: Person, _words: Sequence[str]) -> Message:
    return cards.help_text()


def _status(bot: Bot, _by: Person, _words: Sequence[str]) -> Message:
    return cards.status(**msgspec.structs.asdict(alerts.status(bot)))


def _alerts(bot: Bot, by: Person, words: Sequence[str]) -> Message:
    first = words[0].lower() if words else "open"
    if first not in listing.WORDS:
        if named := read_alert_id(first):
            return _alert(bot, by, [named])
        hint = _hint(first, [f"alerts {one}" for one in listing.STATES])
        known = ", ".join(listing.STATES)
        sentence = f"I can list {known} alerts, not '{plain(first, 40)}'. {hint}"
        raise BadInput(sentence.strip(), where="which")
    return listing.draw(bot, by, words)


def _alert(bot: Bot, by: Person, words: Sequence[str]) -> Message:
    """One alert's card, for one reader; its buttons work as on the card in the channel."""
    named = read_alert_id(words[0]) if words else None
    if named is None:
        raise BadInput("Which alert? Write its id, such as A-7K2QF, after it.", where="alert")
    alert = alerts.opened(bot, named, by)
    history = bot.store.decisions_of(alert.id)
    snoozes_on = bot.store.snoozes_about(alert)
    return cards.alert_card(alert, instances=bot.instances, history=history, snoozes=snoozes_on)


def _snoozes(bot: Bot, _by: Person, _words: Sequence[str]) -> Message:
    return listing.draw_snoozes(bot)


def _exceptions(bot: Bot, _by: Person, _words: Sequence[str]) -> Message:
    return listing.draw_exceptions(bot)


def _rules(bot: Bot, _by: Person, words: Sequence[str]) -> Message:
    if words and words[0].lower() == "exceptions":
        return listing.draw_exceptions(bot)
    return rules.draw(bot, words)


def _hint(typed: str, known: Sequence[str]) -> str:
    """What may have been meant; "" where nothing is close."""
    endings = {one.split()[-1]: one for one in known}
    close = difflib.get_close_matches(typed, endings, n=1, cutoff=0.5)
    if close:
        return f"Did you mean /callwarden {endings[close[0]]}?"
    return ""


_VERBS: Mapping[str, Callable[[Bot, Person, Sequence[str]], Message]] = {
    "help": _help,
    "status": _status,
    "alert": _alert,
    "alerts": _alerts,
    "snoozes": _snoozes,
    "exceptions": _exceptions,
    "rules": _rules,
}
