"""`/callwarden help|status|alerts [open|all]`, answered privately in the ack."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from slack_bolt import Ack

from bot import alerts
from bot.errors import BadInput
from bot.model import Verb
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import Message

ID = "/callwarden"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, command: Mapping[str, Any]) -> None:
    """Find the verb and answer. A mistake gets the closest verb as a hint."""
    words = str(command.get("text") or "").split()
    verb = words[0].lower() if words else "help"
    if verb not in _VERBS:
        raise BadInput(f"I do not know {verb[:40]!r}. {_hint(verb, list(_VERBS))}", where="verb")
    message = _VERBS[verb](bot, words[1:])
    ack(text=message["text"], blocks=message["blocks"], response_type="ephemeral")


def _help(_bot: Bot, _words: Sequence[str]) -> Message:
    return cards.help_text()


def _status(bot: Bot, _words: Sequence[str]) -> Message:
    return cards.status(**msgspec.structs.asdict(alerts.status(bot)))


def _alerts(bot: Bot, words: Sequence[str]) -> Message:
    which = words[0].lower() if words else "open"
    if which not in {"open", "all"}:
        hint = _hint(which, ["alerts open", "alerts all"])
        raise BadInput(f"I can list open or all alerts, not {which[:40]!r}. {hint}", where="which")
    return cards.alert_list(alerts.listing(bot, which), which)


def _hint(typed: str, known: Sequence[str]) -> str:
    endings = {one.split()[-1]: one for one in known}
    close = difflib.get_close_matches(typed, endings, n=1, cutoff=0.5)
    if close:
        return f"Did you mean /callwarden {endings[close[0]]}?"
    return f"Try {' or '.join(f'/callwarden {one}' for one in known)}."


_VERBS: Mapping[str, Callable[[Bot, Sequence[str]], Message]] = {
    "help": _help,
    "status": _status,
    "alerts": _alerts,
}
