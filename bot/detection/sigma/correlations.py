"""Sigma's correlation documents become correlations; what makes no sense is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.detection.chaincase import read_chain_tests
from bot.detection.rule import Correlation, Kind, Rule
from bot.detection.rulefile import ChainAdditions, misspelt, read_additions
from bot.detection.sigma.compile import plain
from bot.errors import BadInput
from bot.model import Level

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule

_KEYS = ("type", "rules", "generate", "group-by", "timespan", "aliases", "condition")
_LONGEST = 7 * 86_400
"""Seconds that a correlation may span: its marks are kept at least as long as plain records."""

_STEPS = 8
_COUNT = 1_000
_TIMES = 50


def parsed(document: dict[str, object], file: Path) -> SigmaCorrelationRule:
    """pySigma's view of *document*. Raises BadInput, a fault a line."""
    from sigma.correlations import SigmaCorrelationRule
    from sigma.exceptions import SigmaRuleLocation

    table = document["correlation"]
    if not isinstance(table, dict):
        raise BadInput("correlation: it must be a table")
    known = f"known are {', '.join(_KEYS)}"
    unknown = [
        f"correlation: {key} is not known; {_near(str(key), _KEYS, known)}"
        for key in table
        if key not in _KEYS
    ]
    if isinstance(table.get("condition"), str):
        unknown.append("correlation: a condition in words is not supported; use rules and gte")
    if unknown:
        raise BadInput("\n".join(unknown))
    try:
        found = SigmaCorrelationRule.from_dict(
            document, collect_errors=True, source=SigmaRuleLocation(file)
        )
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise BadInput(f"pySigma cannot read it: {plain(error)}") from error
    if found.errors:
        raise BadInput("\n".join(plain(error) for error in found.errors))
    return found


def correlation_of(
    sigma: SigmaCorrelationRule, file: Path, faults: list[str], *, own: bool
) -> Correlation | None:
    """What a file's correlation says; None with the reasons where it makes no sense.

    *rules* are as its author refers to them, until `linked` has found them.
    """
    before = len(faults)
    extra = sigma.custom_attributes
    faults += misspelt(extra)
    tests = read_chain_tests(extra.get("tests"), faults)
    headline = sigma.title.replace("{", "{{").replace("}", "}}")
    additions = ChainAdditions(headline=headline)
    if own or "callwarden" in extra:
        additions = read_additions(extra.get("callwarden"), faults, ChainAdditions) or additions
    kind = _kind(sigma, faults)
    rules = tuple(reference.reference for reference in sigma.rules or ())
    if kind is None or not rules:
        faults += [] if rules else ["correlation: it names no rules"]
        return None
    at_least = _at_least(sigma, kind, len(rules), faults)
    if sigma.timespan.seconds > _LONGEST:
        faults.append("correlation: timespan must be at most 7d")
    if not kind.counts and not 2 <= len(rules) <= _STEPS:
        faults.append(f"correlation: {kind} needs from 2 to {_STEPS} rules")
    if len(set(rules)) != len(rules):
        faults.append("correlation: rules names one of them twice")
    field = getattr(sigma.condition, "fieldref", None)
    if isinstance(field, list):
        faults.append("correlation: condition: field must be one field")
    aliases = {
        one.alias: {to.reference: name for to, name in one.mapping.items()} for one in sigma.aliases
    }
    group_by = tuple(sigma.group_by or ())
    faults += [
        f"correlation: the alias {name} is not in group-by"
        for name in aliases
        if name not in group_by
    ]
    faults += _wrong_times(additions.times, kind, rules)
    if len(faults) > before:
        return None
    return Correlation(
        name=sigma.name or ("" if own else file.stem),
        id=str(sigma.id or ""),
        title=sigma.title,
        status=str(sigma.status or ""),
        level=Level(str(sigma.level)) if sigma.level else Level.MEDIUM,
        description=" ".join((sigma.description or "").split()),
        tags=tuple(str(tag) for tag in sigma.tags),
        falsepositives=tuple(str(item) for item in sigma.falsepositives),
        headline=additions.headline,
        fold_by=additions.fold_by,
        runbook=additions.runbook,
        fold_minutes=additions.fold_minutes,
        stands_for=additions.stands_for,
        needs=additions.needs,
        tests=tests,
        file=file,
        own=own,
        kind=kind,
        rules=rules,
        group_by=group_by,
        timespan=sigma.timespan.seconds,
        at_least=at_least,
        value_field=str(field) if field and kind is Kind.VALUE_COUNT else "",
        aliases=aliases,
        generate=sigma.generate,
        succeeded=additions.succeeded,
        times=additions.times,
    )


def linked(
    rules: Sequence[Rule], correlations: Sequence[Correlation], disabled: Sequence[str]
) -> tuple[tuple[Rule, ...], tuple[Correlation, ...]]:
    """The rules that are on or that correlations need silently, and the correlations that are on.

    A rule that a correlation refers to speaks only through it, unless `generate: true` or it is one
    of our own that stands in a file of its own. A disabled rule goes on counting, silently.
    """
    by_reference = {key: rule.name for rule in rules for key in (rule.id, rule.name) if key}
    on = tuple(_resolved(one, by_reference) for one in correlations if one.name not in disabled)
    chains = {one.file for one in correlations}
    watching: dict[str, list[Correlation]] = {}
    for one in on:
        for name in one.rules:
            watching.setdefault(name, []).append(one)
    kept = []
    for rule in rules:
        watched = rule.name in watching
        part = rule.own and rule.file in chains
        alone = rule.own and not part
        quiet = watched and not alone and not any(one.generate for one in watching[rule.name])
        off = rule.name in disabled
        if watched or not (off or part):
            kept.append(replace(rule, watched=watched, silent=quiet or off))
    return tuple(kept), on


def strangers(correlations: Iterable[Correlation], rules: Iterable[str], faults: list[str]) -> None:
    """Adds to *faults* the references that lead nowhere. *rules* are all names and ids there are,
    also of rules that are wrong in themselves."""
    known = sorted(rules)
    chains = {key for one in correlations for key in (one.name, one.id)}
    for one in correlations:
        for name in dict.fromkeys((*one.rules, *(to for by in one.aliases.values() for to in by))):
            if name in chains:
                faults.append(
                    f"{one.file}: correlation: {name} is a correlation too, which is not supported"
                )
            elif name not in known:
                near = _near(name, known, "name one that there is")
                faults.append(f"{one.file}: correlation: there is no rule {name!r}; {near}")


def _resolved(one: Correlation, names: Mapping[str, str]) -> Correlation:
    aliases = {
        alias: {names.get(to, to): field for to, field in by.items()}
        for alias, by in one.aliases.items()
    }
    rules = tuple(names.get(rule, rule) for rule in one.rules)
    times = {names.get(rule, rule): number for rule, number in one.times.items()}
    return replace(one, rules=rules, aliases=aliases, times=times)


def _kind(sigma: SigmaCorrelationRule, faults: list[str]) -> Kind | None:
    name = sigma.type.name.lower()
    if name in set(Kind):
        return Kind(name)
    faults.append(f"correlation: the type {name} is not supported; known are {', '.join(Kind)}")
    return None


def _at_least(sigma: SigmaCorrelationRule, kind: Kind, rules: int, faults: list[str]) -> int:
    """How many it takes. "Fewer than" would speak of what has not come yet."""
    from sigma.correlations import SigmaCorrelationCondition

    condition = sigma.condition
    if not isinstance(condition, SigmaCorrelationCondition):
        return rules
    word = condition.op.name.lower()
    if word not in ("gte", "gt"):
        faults.append(
            f"correlation: the condition {word} is not supported, as more may come; use gte or gt"
        )
    if not isinstance(condition.count, int):
        faults.append("correlation: condition: it must be a whole number")
    count = int(condition.count) + (word == "gt")
    if kind.counts and not 2 <= count <= _COUNT:
        faults.append(f"correlation: condition: it must ask for 2 to {_COUNT}")
    if kind is Kind.TEMPORAL and not 2 <= count <= rules:
        faults.append(f"correlation: condition: {count} of {rules} rules makes no sense")
    if kind is Kind.TEMPORAL_ORDERED and count != rules:
        faults.append("correlation: condition: temporal_ordered asks for all of its rules")
    return count


def _wrong_times(times: Mapping[str, int], kind: Kind, rules: Sequence[str]) -> Iterator[str]:
    if times and kind.counts:
        yield f"callwarden.times: {kind} counts already"
    for name, number in times.items():
        if name not in rules:
            yield f"callwarden.times: {name} is none of its rules"
        if not 1 <= number <= _TIMES:
            yield f"callwarden.times: {name} must be from 1 to {_TIMES}"


def _near(name: str, known: Sequence[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise
