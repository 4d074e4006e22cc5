"""What people are told of the rules: lists, one rule, shadow rules and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.model import Covered, LeftOut, Level, RuleFacts, Shadowed, counted
from bot.slack import parts
from bot.slack.lint import Message, fit
from bot.slack.parts import Block
from bot.slack.text import code, date, escape, plain

RULES_AT_ONCE = 15
_LEFT_OUT = 5
_FEWER = (
    "Fewer of them: `/callwarden rules list` and words, such as `critical`, `shadow`,"
    " `correlations`, `yours`, `t1078` or a part of a name."
)
_DAYS = 7
_SIGNS: Mapping[Level, str] = {
    Level.CRITICAL: "🔴",
    Level.HIGH: "🟠",
    Level.MEDIUM: "🟡",
    Level.LOW: "🔵",
    Level.INFORMATIONAL: "⚪",
}


def rule_list(
    rules: Sequence[RuleFacts],
    words: str = "",
    *,
    offset: int,
    total: int,
    shadow: int,
    left_out: Sequence[LeftOut] = (),
) -> Message:
    """The page of *total* rules that begins at *offset*; first of all what was left out. *words*
    are what they were sought by."""
    if not rules:
        return _none(words)
    place = f"{offset + 1:,} to {offset + len(rules):,} of {total:,}"
    title = f"Rules: {place}"
    blocks: list[Block] = [parts.header(title)]
    if words:
        blocks.append(parts.context(f"Those that fit {code(words, 200)}"))
    elif not offset and total > RULES_AT_ONCE:
        blocks.append(parts.context(_FEWER))
    if left_out and not offset:
        blocks.append(parts.section(_refused(left_out), pointer="…"))
    if shadow and not offset:
        said = f"{counted(shadow, 'shadow rule')}: `/callwarden rules shadow`"
        blocks.append(parts.section(said))
    blocks += [parts.section(_line(rule)) for rule in rules]
    asked = " ".join(["rules", *words.split()])
    menu = parts.choice("Explain…", parts.EXPLAIN, [rule.name for rule in rules])
    blocks += parts.turning(asked, offset, len(rules), total, RULES_AT_ONCE, *menu)
    return fit(Message(text=title, blocks=blocks))


def _none(words: str) -> Message:
    said = f"No rule fits {code(words, 200)}." if words else "No rule is on."
    return fit(Message(text=said, blocks=[parts.section(f"{said} {_FEWER}")]))


def rule_card(rule: RuleFacts, shadowed: Shadowed | None = None) -> Message:
    """One rule or correlation: why, what to do, what may be harmless, how it folds."""
    title = f"{_SIGNS[rule.level]} *{escape(plain(rule.title, 150))}* {code(rule.name, 100)}"
    facts = ["a correlation"] if rule.asks else []
    facts += [rule.level.value, rule.status or "no status", "ours" if rule.own else "yours"]
    facts += [f"{rule.tests} tests", f"folds by {', '.join(rule.fold_by)}"]
    if rule.needs:
        facts.append(f"needs {' and '.join(rule.needs).replace('_', ' ')}")
    blocks = [
        parts.section(f"{title}\n{escape(plain(rule.description, 1500))}"),
        parts.section(escape(plain(" · ".join(facts)))),
    ]
    if rule.asks:
        blocks.append(parts.section(f"*Speaks of* {escape(plain(rule.asks, 1500))}", pointer="…"))
    if shadowed is not None:
        blocks.append(parts.section(_shadow(shadowed)))
    if rule.runbook:
        blocks.append(parts.section(parts.steps(rule.runbook), pointer="…"))
    if rule.falsepositives:
        said = escape(plain("; ".join(rule.falsepositives), 1000))
        blocks.append(parts.section(f"*May be harmless*: {said}", pointer="…"))
    if rule.tags:
        blocks.append(parts.section(" ".join(code(tag, 60) for tag in rule.tags[:10])))
    return fit(Message(text=f"Rule {escape(plain(rule.name, 100))}", blocks=blocks))


def shadow_list(shadows: Sequence[Shadowed], now: str) -> Message:
    """What each rule in the shadow would have said, those that could be promoted first."""
    if not shadows:
        said = "No rule is in the shadow: each is posted when it matches."
        return Message(text=said, blocks=[parts.literal(said)])
    title = f"{counted(len(shadows), 'shadow rule')}: counted, never posted"
    ordered = sorted(shadows, key=lambda one: (one.alerts, one.rule))
    blocks = [parts.header(title), *(parts.section(_shadow(one)) for one in ordered[:40])]
    blocks.append(parts.small(f"Counted over the last {_DAYS} days, as of {now}."))
    return fit(Message(text=title, blocks=blocks))


def coverage_text(found: Covered) -> Message:
    """What the rules look at; the command line names every call and every rule."""
    title = f"{found.covered} of {found.calls} changing calls of Amazon Connect have a rule"
    techniques = ", ".join(f"{one} {name} ({number})" for one, name, number in found.techniques)
    gaps = "\n".join(
        f"• {escape(plain(why or 'Nobody has said why.', 200))} {number}"
        for why, number in found.gaps
    )
    blocks = [
        parts.header(title),
        parts.section(f"*Without one, and why*\n{gaps}", pointer="…"),
        parts.section(
            f"*{len(found.techniques)} ATT&amp;CK techniques* {escape(plain(techniques, 2500))}",
            pointer="…",
        ),
        parts.section(
            "`callwarden rules coverage --live` on the machine also names the rules that see"
            " nothing on this feed."
        ),
    ]
    return fit(Message(text=title, blocks=blocks))


def _line(rule: RuleFacts) -> str:
    marks = " · correlation" if rule.asks else ""
    marks += " · shadow" if rule.shadow else ""
    marks += "" if rule.own else " · yours"
    title = escape(plain(rule.title, 120))
    return f"{_SIGNS[rule.level]} {code(rule.name, 80)} {title}{marks}"


def _refused(left_out: Sequence[LeftOut]) -> str:
    lines = [f"⚠️ {counted(len(left_out), 'file')} of yours left out:"]
    lines += [
        f"• {code(one.file, 150)}: {escape(plain(one.reason, 200))}" for one in left_out[:_LEFT_OUT]
    ]
    if len(left_out) > _LEFT_OUT:
        lines.append(f"and {len(left_out) - _LEFT_OUT} more; `callwarden rules list` names them.")
    return "\n".join(lines)


def _shadow(one: Shadowed) -> str:
    said = f"{code(one.rule, 80)} {counted(one.alerts, 'would-be alert')} in {_DAYS} days"
    if one.hits > one.alerts:
        said += f" ({counted(one.hits, 'record')})"
    said += f", in the shadow since {date(one.since)}"
    if not one.alerts:
        said += (
            '. Quiet for that long, it can be promoted: `status = "stable"` under'
            f" {code(f'[rules.override.{one.rule}]', 120)}"
        )
    return said
