"""Rules and correlations as people are told of them, and those among them that words ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.detection.chainwords import asked
from bot.detection.rule import Correlation, Rule, RuleSet
from bot.model import Level, RuleFacts

_LEVELS = frozenset(level.value for level in Level)
_STATUSES = frozenset({"stable", "test", "experimental", "deprecated", "unsupported"})


def every(rules: RuleSet) -> list[Rule | Correlation]:
    """The rules that speak for themselves, then the correlations."""
    return [*rules, *rules.correlations]


def listed(rules: RuleSet) -> list[Rule | Correlation]:
    """`every`, and the users' rules that speak only through a correlation: whoever put a file there
    looks for it. Our own such rules are parts of their correlations."""
    alone = [rule for rule in rules.rules if not (rule.silent and rule.own)]
    return [*alone, *rules.correlations]


def counted_by(rule: Rule | Correlation, rules: RuleSet) -> list[str]:
    """The correlations through which alone *rule* speaks; none where it speaks for itself."""
    if not getattr(rule, "silent", False):
        return []
    return [one.name for one in rules.correlations if rule.name in one.rules]


def facts_of(rule: Rule | Correlation) -> RuleFacts:
    """What people are told of *rule*."""
    return RuleFacts(
        name=rule.name,
        title=rule.title,
        level=rule.level,
        status=rule.status,
        shadow=rule.shadow,
        own=rule.own,
        description=rule.description,
        tags=rule.tags,
        falsepositives=rule.falsepositives,
        runbook=rule.runbook,
        fold_by=rule.fold_by or getattr(rule, "group_by", ()),
        needs=rule.needs,
        tests=len(rule.tests),
        file=str(rule.file),
        asks=asked(rule) if isinstance(rule, Correlation) else "",
    )


def sought(facts: Iterable[RuleFacts], words: Sequence[str]) -> list[RuleFacts]:
    """Those of *facts* that fit all of *words*, in any case.

    A word is a level or a status (of several, one must fit), `shadow`, `correlations`, `ours` or
    `yours`, or a part of a name, a title or a tag (`t1078`, `persistence`).
    """
    asked_for = [word.lower() for word in words]
    levels = _LEVELS.intersection(asked_for)
    statuses = _STATUSES.intersection(asked_for)
    left = [word for word in asked_for if word not in levels | statuses]
    return [
        one
        for one in facts
        if (not levels or one.level.value in levels)
        and (not statuses or one.status in statuses)
        and all(_fits(one, word) for word in left)
    ]


def _fits(one: RuleFacts, word: str) -> bool:
    if word == "shadow":
        return one.shadow
    if word in ("correlation", "correlations"):
        return bool(one.asks)
    if word in ("ours", "yours"):
        return one.own is (word == "ours")
    return any(word in text.lower() for text in (one.name, one.title, *one.tags))
