"""Sigma files become rules; everything wrong with them is said at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.detection import heap
from bot.detection.override import changed, parted, wrong
from bot.detection.rule import BROKEN_RULE, Correlation, Rule, RuleSet
from bot.detection.rulecase import read_tests
from bot.detection.rulefile import Additions, misspelt, read_additions
from bot.detection.sigma.compile import compiled, plain
from bot.detection.sigma.correlations import correlation_of, linked, parsed, strangers
from bot.detection.sigma.reading import documents, policy, rule_files
from bot.errors import BadInput
from bot.model import FEED_RULES, LeftOut, Level, Override

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule
    from sigma.rule.base import SigmaRuleBase

PACK = Path(__file__).parents[2] / "rules"
"""The rules that come with the program."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")


@heap.uncollected()
def load(
    folders: Sequence[Path] = (),
    *,
    disabled: Sequence[str] = (),
    override: Mapping[str, Override] | None = None,
    patient: bool = False,
    pack: Path = PACK,
) -> RuleSet:
    """The rules of *pack* (ours) and then of *folders*, but for those named in *disabled*, as
    *override* (by name) changes them.

    Raises BadInput that lists everything wrong in all files. A *patient* reader leaves out what is
    wrong in *folders* and names it in the set; what is wrong in *pack* or with a name stays fatal.
    """
    faults: list[str] = []
    refused: list[LeftOut] = []
    collections: list[SigmaCollection] = []
    chains: list[Correlation] = []
    chained: list[Path] = []
    others = [folder for folder in folders if folder.resolve() != pack.resolve()]
    for folder, own in [(pack, True), *((other, False) for other in others)]:
        if not folder.is_dir():
            faults.append(f"{folder}: there is no such folder")
        for file in sorted(rule_files(folder)):
            try:
                collection, correlations = _parsed(file, own=own)
            except BadInput as fault:
                faults += [f"{file}: {line}" for line in fault.sentence.splitlines()]
                continue
            collections.append(collection)
            for found in correlations:
                chained.append(file)
                chains += _correlation(found, file, faults, own=own)
    rules = _rules(collections, chained, pack, faults)
    every: list[Rule | Correlation] = [*rules, *chains]
    faults += _repeated(every)
    faults += _strangers(every)
    strangers(chains, _references(collections), faults)
    if patient:
        faults, refused = parted(faults, others)
        left_out = {one.file for one in refused}
        rules = [rule for rule in rules if str(rule.file) not in left_out]
        chains = [one for one in chains if str(one.file) not in left_out]
    left: list[Rule | Correlation] = [*rules, *chains]
    named = [one.name for one in left] + [Path(one.file).stem for one in refused]
    faults += _unknown(disabled, named)
    faults += wrong(override or {}, named)
    if faults:
        lines = "\n".join(f"  {fault}{'' if fault.endswith('?') else '.'}" for fault in faults)
        raise BadInput(f"{len(faults)} thing(s) to mend in the rules:\n{lines}", where="rules")
    rules = [changed(rule, override or {}) for rule in rules]
    chains = [changed(one, override or {}) for one in chains]
    return RuleSet(*linked(rules, chains, disabled), tuple(refused))


def _unknown(disabled: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    """A rule that is not there cannot be left out; the one that was meant would go on speaking."""
    for name in disabled:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "drop it, or name one that there is"
            yield f"rules.disabled: there is no rule called {name!r}; {hint}"


def _references(collections: Iterable[SigmaCollection]) -> Iterator[str]:
    """How correlations may refer to the rules there are."""
    for collection in collections:
        for sigma in collection.rules:
            yield from (str(one) for one in (sigma.name, sigma.id) if one)
            if sigma.source and not sigma.name:
                yield sigma.source.path.stem


def _strangers(rules: Sequence[Rule | Correlation]) -> Iterator[str]:
    """A rule that stands for one that is not there would stand for nothing, without a word."""
    known = [*(rule.name for rule in rules), *FEED_RULES, BROKEN_RULE]
    for rule in rules:
        for name in rule.stands_for:
            if name == rule.name:
                yield f"{rule.file}: callwarden.stands_for: it cannot stand for itself"
            elif name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else "drop it, or name one that there is"
                yield f"{rule.file}: callwarden.stands_for: there is no rule {name!r}; {hint}"


def _repeated(rules: Iterable[Rule | Correlation]) -> Iterator[str]:
    seen: dict[str, Rule | Correlation] = {}
    for rule in rules:
        for what, value in (("name", rule.name), ("id", rule.id)):
            first = seen.setdefault(f"{what} {value}", rule)
            if not value or first is rule:
                continue
            if first.file == rule.file:
                yield f"{rule.file}: two of its rules have the {what} {value}; each needs its own"
            else:
                yield f"{rule.file}: its {what} {value} is taken by {first.file}"


def _rules(
    collections: Sequence[SigmaCollection], chains: Sequence[Path], pack: Path, faults: list[str]
) -> list[Rule]:
    """Every file's rules as one collection; *chains* are the files that hold correlations."""
    from sigma.collection import SigmaCollection

    rules = []
    for sigma in SigmaCollection.merge(collections).rules:
        file = sigma.source.path if sigma.source else pack
        wrong: list[str] = []
        own = file.is_relative_to(pack)
        rule = _rule(cast("SigmaRule", sigma), file, wrong, own=own, part=own and file in chains)
        faults += [f"{file}: {fault}" for fault in wrong]
        rules += [rule] if rule else []
    return rules


def _parsed(file: Path, *, own: bool) -> tuple[SigmaCollection, list[SigmaCorrelationRule]]:
    """pySigma's view of *file*. Raises BadInput, a fault a line, where there is none."""
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaRuleLocation

    kept = documents(file)
    if any("filter" in document for document in kept):
        raise BadInput("it holds a filter, which is not supported")
    chains = [document for document in kept if "correlation" in document]
    kept = [document for document in kept if "correlation" not in document]
    try:
        found = SigmaCollection.from_dicts(
            kept, collect_errors=True, source=SigmaRuleLocation(file), policy=policy()
        )
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise BadInput(f"pySigma cannot read it: {plain(error)}") from error
    if found.errors:
        raise BadInput("\n".join(plain(error) for error in found.errors))
    if own and len(chains) > 1:
        raise BadInput("it must hold one correlation")
    if own and not chains and len(found.rules) != 1:
        raise BadInput("it must hold one rule")
    return found, [parsed(document, file) for document in chains]


def _correlation(
    sigma: SigmaCorrelationRule, file: Path, faults: list[str], *, own: bool
) -> list[Correlation]:
    wrong: list[str] = []
    found = correlation_of(sigma, file, wrong, own=own)
    if own:
        outcomes = {test.match for test in found.tests} if found else {True, False}
        _check_own(sigma, file, outcomes, wrong)
    if sigma.name in (BROKEN_RULE, *FEED_RULES):
        wrong.append(f"the name {sigma.name} is ours")
    faults += [f"{file}: {fault}" for fault in wrong]
    return [found] if found and not wrong else []


def _rule(sigma: SigmaRule, file: Path, faults: list[str], *, own: bool, part: bool) -> Rule | None:
    """*part* of a correlation of ours: it never speaks, and needs nothing but a name."""
    name = sigma.name or ("" if own else file.stem)
    extra = sigma.custom_attributes
    faults += misspelt(extra)
    tests = read_tests(extra.get("tests"), faults)
    additions = Additions(headline=_escaped(sigma.title), fold_by=("actor", "account"))
    if (own and not part) or "callwarden" in extra:
        additions = read_additions(extra.get("callwarden"), faults, Additions) or additions
    if part and not _NAME.match(name):
        faults.append("each of its rules needs a name, in snake_case")
    if own and not part:
        _check_own(sigma, file, {test.match for test in tests}, faults)
    if name in (BROKEN_RULE, *FEED_RULES):
        faults.append(f"the name {name} is ours")
    node = compiled(sigma, faults)
    if faults or node is None:
        return None
    return Rule(
        name=name,
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
        matches=node.matches,
        guess=node.guess,
        reads=node.reads,
    )


def _check_own(sigma: SigmaRuleBase, file: Path, outcomes: set[bool], faults: list[str]) -> None:
    """What we ask of our own rules beyond what Sigma asks."""
    if sigma.name != file.stem or not _NAME.match(file.stem):
        faults.append(f"its name must be that of its file, {file.stem}, in snake_case")
    for what in ("id", "status", "level", "description", "tags", "falsepositives"):
        if not getattr(sigma, what):
            faults.append(f"it has no {what}")
    if outcomes != {True, False}:
        faults.append("it needs a test that matches and one that nearly does")


def _escaped(title: str) -> str:
    return title.replace("{", "{{").replace("}", "}}")
