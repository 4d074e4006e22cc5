"""`/callwarden rules …`: what is on, what each rule is for, and reading all of them anew."""

from __future__ import annotations

from collections.abc import Sequence

from bot import alerts, rulebook
from bot.errors import BadInput
from bot.model import Ask, iso
from bot.ports import Bot
from bot.slack import cards
from bot.slack.cards import RULES_AT_ONCE, Message

WORDS = ("list", "shadow", "coverage", "exceptions", "reload")
"""What may stand after `rules`, beside the name of a rule."""


def draw(bot: Bot, words: Sequence[str]) -> Message:
    """The answer to `rules` and *words*. Raises BadInput for a rule that there is not."""
    first = words[0].lower() if words else "list"
    if first == "list":
        return page(bot)
    if first == "shadow":
        return cards.shadow_list(bot.rules.shadows(), iso(bot.clock.now()))
    if first == "coverage":
        return cards.coverage_text(bot.rules.covered())
    return _named(bot, words[0])


def reload(bot: Bot, ask: Ask) -> Message:
    """Read all rules anew. Raises BadInput where the old ones stay on."""
    return cards.private_text(rulebook.reload(bot, ask))


def page(bot: Bot, offset: int = 0) -> Message:
    """The page of rules that begins at *offset*."""
    rules = bot.rules.facts()
    offset = alerts.within(offset, len(rules), RULES_AT_ONCE)
    return cards.rule_list(
        rules[offset : offset + RULES_AT_ONCE],
        offset=offset,
        total=len(rules),
        shadow=sum(rule.shadow for rule in rules),
        left_out=bot.rules.refused(),
    )


def _named(bot: Bot, name: str) -> Message:
    try:
        rule = bot.rules.named(name)
    except BadInput as error:
        also = f"Or write one of {', '.join(WORDS)} after rules."
        raise BadInput(f"{error.sentence} {also}", where="rule") from error
    shadowed = next((one for one in bot.rules.shadows() if one.rule == rule.name), None)
    return cards.rule_card(rule, shadowed)
