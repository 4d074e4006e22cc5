"""A page of alerts, for the command that asks for it and the buttons that turn it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt import Ack, Respond

from bot import alerts
from bot.alerts import Query
from bot.errors import BadInput
from bot.model import Person
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import Message
from handlers import said

AT_ONCE = 8
"""Alerts a page: what a phone shows without much scrolling."""

_WORDS_MOST = 200


def read(words: Sequence[str]) -> Query:
    """What *words* ask for: `mine rule saml actor ana`. Raises BadInput for a word unknown here."""
    which, narrowed, left = "open", {"rule": "", "actor": ""}, list(words)
    while left:
        word = left.pop(0).lower()
        if word in alerts.WHICH:
            which = word
        elif word in narrowed and left:
            narrowed[word] = left.pop(0)
        elif word in narrowed:
            raise BadInput(f"Which {word}? Write a part of its name after it.", where=word)
        else:
            raise BadInput(_unknown(word), where="alerts")
    return Query(which=which, **narrowed)


def _unknown(word: str) -> str:
    known = ", ".join(alerts.WHICH)
    return f"I can list alerts by {known}, rule NAME and actor NAME, not by {word[:40]!r}."


def spoken(query: Query) -> str:
    """*query* in the words that `read` understands."""
    words = [query.which]
    for name, value in (("rule", query.rule), ("actor", query.actor)):
        words += [name, value] if value else []
    return " ".join(words)[:_WORDS_MOST]


def turn(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """Redraw the list in place, at the page that the pressed button names."""
    offset, _, words = said.value(body).partition(" ")
    if not offset.isdecimal():
        raise BadInput("This list is older than I am. Please ask for it again.", where="value")
    page = draw(bot, said.person(body), words.split(), int(offset))
    ack()
    respond(**page, replace_original=True)


def draw(bot: Bot, by: Person, words: Sequence[str], offset: int = 0) -> Message:
    """The page that begins at *offset*."""
    page = alerts.listing(bot, read(words), by.user, limit=AT_ONCE, offset=offset)
    return cards.alert_list(
        page.alerts, spoken(page.query), offset=page.offset, total=page.total, step=AT_ONCE
    )
