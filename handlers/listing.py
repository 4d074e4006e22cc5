"""Pages of alerts, snoozes and exceptions, for the commands that ask for them and the buttons that
turn them."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt import Ack, Respond

from bot import alerts, exemptions, snoozes
from bot.alerts import Query
from bot.errors import BadInput
from bot.model import Person, read_storm_id
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import Message
from bot.slack.text import plain
from handlers import rules, said

AT_ONCE = 8
"""Alerts a page: what a phone shows without much scrolling."""

STATES = ("open", "mine", "resolved", "all")
"""The words for whose and in which state."""

WORDS = (*STATES, "held", "storm", "rule", "actor")
"""The words that a list of alerts is asked for with."""

_NAME_MOST = 500
"""Characters of a name to look for: a button carries it, and Slack lets one carry 2,000."""


def read(words: Sequence[str]) -> Query:
    """What *words* ask for: `mine rule saml actor "Ana Maria"`, `storm ST-7K2QF0`. Raises BadInput
    for a word unknown here, and where two words say different things."""
    states: list[str] = []
    mine = held = False
    storm, named, left = "", {"rule": "", "actor": ""}, list(words)
    while left:
        word = left.pop(0).lower()
        if word == "mine":
            mine = True
        elif word == "held":
            held = True
        elif word in alerts.WHICH:
            states.append(word)
        elif word == "storm":
            found = read_storm_id(left[0]) if left else None
            storm = found or "any"
            left = left[bool(found) :]
        elif word in named:
            named[word] = _name(word, left, named[word])
        else:
            raise BadInput(_unknown(word), where="alerts")
    if len(set(states)) > 1:
        raise BadInput(f"{' and '.join(states)} exclude each other: all lists both.", where="which")
    which = states[0] if states else "open"
    return Query(which=which, mine=mine, storm=storm, held=held, **named)


def _name(word: str, left: list[str], before: str) -> str:
    """The name after *word*, taken from *left*."""
    name = left.pop(0).strip() if left else ""
    if not name:
        raise BadInput(f"Which {word}? Write a part of its name after it.", where=word)
    if before:
        raise BadInput(f"I can look for one {word} at a time: {before[:40]!r} or {name[:40]!r}?")
    if len(name) > _NAME_MOST:
        raise BadInput(f"That {word} is too long: {_NAME_MOST} characters at most.", where=word)
    return name


def _unknown(word: str) -> str:
    ways = f"{', '.join(STATES)}, held, storm, rule NAME and actor NAME"
    hint = 'A name with a space goes in quotes: actor "Ana Maria".'
    return f"I can list alerts by {ways}, not by '{plain(word, 40)}'. {hint}"


def spoken(query: Query) -> str:
    """*query* in the words that `read` understands."""
    words = ["mine"] if query.mine else []
    if query.which != "open" or not words:
        words.append(query.which)
    if query.held:
        words.append("held")
    if query.storm:
        words += ["storm"] if query.storm == "any" else ["storm", query.storm]
    for name, value in (("rule", query.rule), ("actor", query.actor)):
        words += [name, _quoted(value)] if value else []
    return " ".join(words)


def _quoted(name: str) -> str:
    bare = name.replace('"', "")
    return f'"{bare}"' if said.words(bare) != [name] else name


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
    asked = said.words(words)
    if asked[:1] == ["snoozes"]:
        return draw_snoozes(bot, int(offset))
    if asked[:1] == ["exceptions"]:
        return draw_exceptions(bot, int(offset))
    if asked[:1] == ["rules"]:
        return rules.page(bot, asked[1:], int(offset))
    return draw(bot, said.person(body), asked, int(offset))


def draw_snoozes(bot: Bot, offset: int = 0) -> Message:
    """The page of snoozes that begins at *offset*; the last one where some have ended meanwhile."""
    total = snoozes.how_many(bot)
    offset = alerts.within(offset, total, AT_ONCE)
    page = snoozes.standing(bot, AT_ONCE, offset)
    return cards.snooze_list(page, offset=offset, total=total, step=AT_ONCE)


def draw_exceptions(bot: Bot, offset: int = 0) -> Message:
    """As `draw_snoozes`, of exceptions."""
    total = exemptions.how_many(bot)
    offset = alerts.within(offset, total, AT_ONCE)
    page = exemptions.standing(bot, AT_ONCE, offset)
    return cards.exemption_list(page, offset=offset, total=total, step=AT_ONCE)


def draw(bot: Bot, by: Person, words: Sequence[str], offset: int = 0) -> Message:
    """The page that begins at *offset*."""
    page = alerts.listing(bot, read(words), by.user, limit=AT_ONCE, offset=offset)
    return cards.alert_list(
        page.alerts,
        spoken(page.query),
        offset=page.offset,
        total=page.total,
        step=AT_ONCE,
        quiet=page.quiet,
    )
