"""What shows only in a rule's own Sigma: pySigma's validators, by its names, and ways around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bot.detection import heap
from bot.detection.attack import tag_names
from bot.detection.sigma.compile import plain
from bot.detection.sigma.forgery import forgeable
from bot.detection.standards import Fault

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection
    from sigma.validators.base import SigmaRuleValidator, SigmaValidationIssue

LEFT_OUT: Mapping[str, str] = {
    "d3_fendtag": "it downloads D3FEND's table at every start, and no rule of ours is tagged so",
}
"""pySigma's name of a validator that is not asked → why not."""


def validators() -> list[SigmaRuleValidator]:
    """All that pySigma brings, but for those left out. The one about ATT&CK is given the table
    that is shipped: by itself it would download the newest, so that the same rule passes today and
    fails tomorrow."""
    from sigma.validators.core import validators as known
    from sigma.validators.core.tags import ATTACKTagValidator

    made: list[SigmaRuleValidator] = []
    for name, kind in sorted(known.items()):
        if name in LEFT_OUT:
            continue
        one = kind()
        if isinstance(one, ATTACKTagValidator):
            one.allowed_tags = set(tag_names())
        made.append(one)
    return made


@heap.uncollected()
def validated(files: Iterable[Path]) -> list[Fault]:
    """What pySigma's validators say of *files*, and which of their rules have a way around them."""
    from sigma.collection import SigmaCollection
    from sigma.rule import SigmaRule

    collection = SigmaCollection.load_ruleset([*files], resolve_references=False)
    found = list(_strangers(collection))
    collection.resolve_rule_references()
    asked = validators()
    found += [
        _fault(issue) for rule in collection.rules for one in asked for issue in one.validate(rule)
    ]
    found += [_fault(issue) for one in asked for issue in one.finalize()]
    rules = [rule for rule in collection.rules if isinstance(rule, SigmaRule)]
    return found + [
        Fault(rule.name or rule.title, what) for rule in rules if (what := forgeable(rule))
    ]


def _strangers(collection: SigmaCollection) -> Iterator[Fault]:
    """What correlations refer to that pySigma does not find. We know a rule without a name by its
    file's, and then so does *collection*; a correlation of what is not there is taken out of it."""
    from sigma.correlations import SigmaCorrelationRule
    from sigma.exceptions import SigmaRuleNotFoundError

    by_file = {one.source.path.stem: one for one in collection.rules if one.source and not one.name}
    for rule in [one for one in collection.rules if isinstance(one, SigmaCorrelationRule)]:
        where = rule.name or rule.title
        for name in (one.reference for one in rule.rules or ()):
            try:
                collection[name]
            except SigmaRuleNotFoundError:
                base = by_file.get(name)
            else:
                continue
            if base is not None:
                collection.names_to_rules[name] = base
                what = "refers to a rule by its file's name, which Sigma elsewhere does not know"
                yield Fault(where, f"it {what}: write `name: {name}` there")
            elif rule in collection.rules:
                collection.rules.remove(rule)
                yield Fault(where, f"it refers to {name}, which cannot be used")


def _fault(issue: SigmaValidationIssue) -> Fault:
    names = [rule.name or rule.title for rule in issue.rules]
    about = {
        key: value
        for key, value in vars(issue).items()
        if key not in ("rules", "description", "severity")
    }
    shown = ", ".join(f"{key}: {value}" for key, value in about.items())
    said = plain(ValueError(issue.description)).rstrip(".")
    return Fault(", ".join(names), f"pySigma: {said}{f' ({shown})' if shown else ''}")
