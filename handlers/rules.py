"""`/callwarden rules …`: what is on, what each rule is for, and reading all of them anew."""

from __future__ import annotations

from collections.abc import Sequence

from bot import alerts, rulebook, rulefacts
from bot.errors import BadInput
from bot.model import Ask, iso
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import RULES_AT_ONCE, Message

WORDS = ("list", "explain", "shadow", "coverage", "exceptions", "reload")
"""What may stand after `rules`, beside the name of a rule."""

_MOST = 200
"""Characters of the words that rules are sought by: a button carries them."""


def draw(bot: Bot, words: Sequence[str]) -> Message:
    """The answer to `rules` and *words*. Raises BadInput for a rule that there is not."""
    first = words[0].lower() if words else "list"
    if first == "list":
        return page(bot, words[1:])
    if first == "explain":
        if len(words) == 1:
            raise BadInput("Which rule? Write its name after explain.", where="rule")
        return explained(bot, words[1])
    if first == "shadow":
        return cards.shadow_list(bot.rules.shadows(), iso(bot.clock.now()))
    if first == "coverage":
        return cards.coverage_text(bot.rules.covered())
    return _named(bot, words)


def reload(bot: Bot, ask: Ask) -> Message:
    """Read all rules anew. Raises BadInput where the old ones stay on."""
    return cards.private_text(rulebook.reload(bot, ask))


def page(bot: Bot, words: Sequence[str] = (), offset: int = 0) -> Message:
    """The page, of the rules that fit *words*, that begins at *offset*. Raises BadInput for words
    that are too long."""
    asked = " ".join(words).split()
    if len(" ".join(asked)) > _MOST:
        raise BadInput(f"That is too long: {_MOST} characters at most.", where="rules")
    every = bot.rules.facts()
    found = rulefacts.sought(every, asked)
    offset = alerts.within(offset, len(found), RULES_AT_ONCE)
    return cards.rule_list(
        found[offset : offset + RULES_AT_ONCE],
        " ".join(asked),
        offset=offset,
        total=len(found),
        shadow=sum(rule.shadow for rule in found),
        left_out=() if asked else bot.rules.refused(),
    )


def explained(bot: Bot, name: str) -> Message:
    """The card of the rule called *name*. Raises BadInput where there is none."""
    rule = bot.rules.named(name)
    shadowed = next((one for one in bot.rules.shadows() if one.rule == rule.name), None)
    return cards.rule_card(rule, shadowed)


def _named(bot: Bot, words: Sequence[str]) -> Message:
    """The rule called *words*, else those that fit them: who types a level or half a name sees."""
    try:
        return explained(bot, words[0])
    except BadInput as error:
        if rulefacts.sought(bot.rules.facts(), list(words)):
            return page(bot, words)
        also = f"Or write one of {', '.join(WORDS)} after rules; list and a word looks for it."
        raise BadInput(f"{error.sentence} {also}", where="rule") from error
