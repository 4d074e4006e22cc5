"""docs/rules.md, written from the pack: nothing on that page is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.detection.chainwords import asked
from bot.detection.coverage import Coverage, coverage, reviewed
from bot.detection.rule import Correlation, Rule, RuleSet
from bot.detection.sigma import PACK, load

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"

_HEAD = """\
# The rules

Written by `callwarden rules docs` from the files under `bot/rules`; to change this page, change
those. `callwarden rules explain NAME` shows a rule's condition and its tests.
"""
_FOLDERS = {
    "connect": "Amazon Connect",
    "account": "What stands around it",
}


def page(pack: Path = PACK) -> str:
    """The whole page, in Markdown."""
    rules = load(pack=pack)
    calls = reviewed()
    found = coverage(rules, calls.operations, calls)
    parts = [
        _HEAD,
        *_sections(rules, pack),
        *_correlations(rules),
        *_techniques(found),
        *_calls(found, calls.reviewed),
    ]
    return "\n".join(parts)


def _sections(rules: Iterable[Rule], pack: Path) -> Iterator[str]:
    by_folder: dict[str, list[Rule]] = {}
    for rule in rules:
        by_folder.setdefault(rule.file.relative_to(pack).parts[0], []).append(rule)
    for folder, found in sorted(
        by_folder.items(), key=lambda one: [*_FOLDERS, one[0]].index(one[0])
    ):
        yield f"## {_FOLDERS.get(folder, folder)}\n"
        for rule in found:
            yield from _rule(rule)


def _correlations(rules: RuleSet) -> Iterator[str]:
    """Each with when it speaks, and what the base rules look for that speak only through it."""
    if not rules.correlations:
        return
    yield "## Correlations\n"
    yield (
        "Several records mean more together: each of these looks at matches of its base rules. "
        "Times are those of the records, so late ones count as well.\n"
    )
    for chain in rules.correlations:
        yield from _head(chain)
        yield f"Speaks of: {_plain(asked(chain))}\n"
        yield "| base rule | looks for |"
        yield "|---|---|"
        for name in chain.rules:
            base = rules.named(name)
            alone = "" if base.silent else " (speaks for itself too)"
            yield f"| `{name}` | {_plain(base.title)}{alone} |"
        yield ""
        yield from _tail(chain, chain.fold_by or chain.group_by)


def _rule(rule: Rule) -> Iterator[str]:
    yield from _head(rule)
    yield from _tail(rule, rule.fold_by)


def _head(rule: Rule | Correlation) -> Iterator[str]:
    yield f"### {rule.title}\n"
    notes = [f"`{rule.name}`", rule.level.value, ", ".join(_tag(tag) for tag in rule.tags)]
    if rule.shadow:
        notes.append("**shadow**: counted, never posted")
    if rule.needs:
        notes.append(f"needs {' and '.join(rule.needs).replace('_', ' ')}")
    yield " · ".join(notes) + "\n"
    yield f"{_plain(rule.description)}\n"


def _tail(rule: Rule | Correlation, fold_by: Sequence[str]) -> Iterator[str]:
    if rule.runbook:
        yield "What to do:\n"
        yield "\n".join(f"{place}. {_plain(step)}" for place, step in enumerate(rule.runbook, 1))
        yield ""
    if rule.falsepositives:
        yield f"May be harmless: {_plain('; '.join(rule.falsepositives))}.\n"
    yield f"Findings fold by {', '.join(fold_by)}.\n"


def _tag(tag: str) -> str:
    return tag.removeprefix("attack.").upper() if tag.startswith("attack.t1") else tag


def _techniques(found: Coverage) -> Iterator[str]:
    yield "## By ATT&CK technique\n"
    yield "| technique | rules |"
    yield "|---|---|"
    for one in found.techniques:
        named = f"[{one.technique.id} {one.technique.name}]({one.technique.url})"
        yield f"| {named} | {_names(one.rules)} |"
    yield ""


def _calls(found: Coverage, reviewed_with: str) -> Iterator[str]:
    yield "## By call of Amazon Connect\n"
    yield (
        f"{found.covered} of the {len(found.calls)} calls that change something (botocore "
        f"{reviewed_with}) have a rule of their own.\n"
    )
    if found.everywhere:
        yield f"Every call is looked at by {_names(found.everywhere)}.\n"
    yield "| call | rules |"
    yield "|---|---|"
    by_reason: dict[str, list[str]] = {}
    for call in found.calls:
        if call.rules:
            yield f"| {call.name} | {_names(call.rules)} |"
        else:
            by_reason.setdefault(call.reason, []).append(call.name)
    yield ""
    yield "### Without a rule, and why\n"
    yield "| why | calls |"
    yield "|---|---|"
    for reason, names in by_reason.items():
        yield f"| {_plain(reason)} | {', '.join(names)} |"
    yield ""


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _plain(text: str) -> str:
    """*text* as Markdown shows it unchanged."""
    for sign in "\\*<|":
        text = text.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return text
