"""A page of alerts, for the command that asks for it and the buttons that turn it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt import Ack, Respond

from bot import alerts
from bot.alerts import Query
from bot.errors import BadInput
from bot.model import Person, read_storm_id
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import Message
from bot.slack.text import plain
from handlers import said

AT_ONCE = 8
"""Alerts a page: what a phone shows without much scrolling."""

_NAME_MOST = 500
"""Characters of a name to look for: a button carries it, and Slack lets one carry 2,000."""


def read(words: Sequence[str]) -> Query:
    """What *words* ask for: `mine rule saml actor ana`, `storm ST-7K2QF0`. Raises BadInput for a
    word unknown here."""
    which, narrowed, left = "open", {"rule": "", "actor": ""}, list(words)
    storm = ""
    while left:
        word = left.pop(0).lower()
        if word in alerts.WHICH:
            which = word
        elif word == "storm":
            named = read_storm_id(left[0]) if left else None
            storm = named or "any"
            left = left[bool(named) :]
        elif word in narrowed and left:
            narrowed[word] = left.pop(0)
            if len(narrowed[word]) > _NAME_MOST:
                raise BadInput(f"No {word} has so long a name. Write a part of it.", where=word)
        elif word in narrowed:
            raise BadInput(f"Which {word}? Write a part of its name after it.", where=word)
        else:
            raise BadInput(_unknown(word), where="alerts")
    return Query(which=which, storm=storm, **narrowed)


def _unknown(word: str) -> str:
    known = ", ".join(alerts.WHICH)
    ways = f"{known}, storm, rule NAME and actor NAME"
    return f"I can list alerts by {ways}, not by '{plain(word, 40)}'."


def spoken(query: Query) -> str:
    """*query* in the words that `read` understands."""
    words = [query.which]
    if query.storm:
        words += ["storm"] if query.storm == "any" else ["storm", query.storm]
    for name, value in (("rule", query.rule), ("actor", query.actor)):
        words += [name, value] if value else []
    return " ".join(words)


def turn(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """Redraw the list in place, at the page that the pressed button names."""
    page = _pressed(bot, body)
    ack()
    respond(**page, replace_original=True)


def begin(bot: Bot, ack: Ack, body: said.Body, respond: Respond) -> None:
    """Show the page that the pressed button names to who pressed it; the message stays."""
    page = _pressed(bot, body)
    ack()
    respond(**page, response_type="ephemeral", replace_original=False)


def _pressed(bot: Bot, body: said.Body) -> Message:
    offset, _, words = said.value(body).partition(" ")
    if not offset.isdecimal():
        raise BadInput("This list is older than I am. Please ask for it again.", where="value")
    return draw(bot, said.person(body), words.split(), int(offset))


def draw(bot: Bot, by: Person, words: Sequence[str], offset: int = 0) -> Message:
    """The page that begins at *offset*."""
    page = alerts.listing(bot, read(words), by.user, limit=AT_ONCE, offset=offset)
    return cards.alert_list(
        page.alerts, spoken(page.query), offset=page.offset, total=page.total, step=AT_ONCE
    )
