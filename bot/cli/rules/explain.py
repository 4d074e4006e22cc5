"""`callwarden rules explain`: one rule or correlation, as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.detection.chainwords import asked
from bot.detection.rule import Correlation, Rule


def explained(rule: Rule | Correlation) -> list[str]:
    """What *rule* looks for, why, what to do then, and how it is tested, a line each."""
    lines = [f"{rule.name}: {rule.title} ({rule.level.value})", "", rule.description, ""]
    if isinstance(rule, Correlation):
        lines += ["Speaks of:", f"  {asked(rule)}", ""]
    lines += ["Looks for:", *_looked_for(rule), ""]
    if rule.shadow:
        lines += ["It is a shadow rule: counted, never posted.", ""]
    if rule.runbook:
        lines += ["What to do:", *_numbered(rule.runbook), ""]
    if rule.falsepositives:
        lines += ["May be harmless:", *(f"  - {one}" for one in rule.falsepositives), ""]
    by = rule.fold_by or getattr(rule, "group_by", ())
    lines += [f"Findings fold by: {', '.join(by)}", f"Tags: {', '.join(rule.tags)}", ""]
    if rule.stands_for:
        lines += [f"While it is open it stands for: {', '.join(rule.stands_for)}", ""]
    if rule.needs:
        needed = " and ".join(rule.needs).replace("_", " ")
        lines += [f"Needs {needed}; without them it sees nothing.", ""]
    lines += ["Tests:"]
    for test in rule.tests:
        lines.append(f"  - {'matches' if test.match else 'does not match'}: {test.name}")
    return [*lines, "", f"File: {rule.file}"]


def _looked_for(rule: Rule | Correlation) -> list[str]:
    """The rule's detection, or its correlation and the base rules of its own file: nothing says it
    better than its author."""
    documents = _documents(rule.file.read_text("utf-8"))
    if isinstance(rule, Correlation):
        lines = list(_block("correlation", _of(rule.name, documents)))
        base = [(name, one) for name in rule.rules if (one := documents.get(name))]
        return lines + [
            line for name, one in base for line in ("", f"{name}:", *_block("detection", one))
        ]
    return list(_block("detection", _of(rule.name, documents)))


def _documents(text: str) -> dict[str, list[str]]:
    """The documents of a file by their names; one without a name under \"\"."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in [*text.splitlines(), "---"]:
        if line.rstrip() == "---":
            names = [one.partition(":")[2].strip() for one in lines if one.startswith("name:")]
            if any(lines):
                found[names[0].strip("\"'") if names else ""] = lines
            lines = []
        else:
            lines.append(line)
    return found


def _of(name: str, documents: dict[str, list[str]]) -> list[str]:
    """The document called *name*; the only one may be called by its file."""
    return documents.get(name) or next(iter(documents.values()), [])


def _block(key: str, document: Sequence[str]) -> Iterator[str]:
    """The lines under *key*, without those that say nothing."""
    inside = False
    for line in document:
        if line.startswith(f"{key}:"):
            inside = True
            if rest := line.removeprefix(f"{key}:").strip():
                yield f"  {rest}"
        elif inside and line[:1].strip() and not line.startswith(("#", "-", "}", "]")):
            return
        elif inside:
            yield line


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
