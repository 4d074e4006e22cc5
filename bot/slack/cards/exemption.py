"""Exceptions: proposed in the thread as a diff with its backtest, announced, and listed."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from bot.model import Aspect, Clause, Exemption, ExemptionState, counted
from bot.slack import parts
from bot.slack.cards.stack import standing
from bot.slack.lint import Message, fit
from bot.slack.parts import Block
from bot.slack.text import code, date, escape, mention, plain, spell_out

_DIFF_SIZE = 2_500
"""JSON characters of a filter that its proposal shows."""


def exemption_note(one: Exemption, state: ExemptionState) -> Message:
    """What became of an exception when it was *state*, as a line in its alert's thread.

    While it stands, the line has the buttons that belong to it.
    """
    lines = [_told(one)]
    if one.state is ExemptionState.OVER:
        lines.append(_hits(one))
    else:
        lines.append(_covered(one))
    blocks = [parts.section("\n".join(lines), pointer="…")]
    if state is ExemptionState.PROPOSED:
        blocks += [parts.section(_tested(one), pointer="…"), _diff(one)]
    spoken = {
        ExemptionState.PROPOSED: "A second person must agree that this is always expected",
        ExemptionState.ON: "Expected from now on",
        ExemptionState.OVER: "An exception is over",
    }[state]
    text = f"{spoken}: {escape(plain(one.headline, 200))}"
    return fit(Message(text=text, blocks=[*blocks, *_buttons(one)]), "…")


def _told(one: Exemption) -> str:
    """What an exception is and whose, in one line."""
    why = f"by {mention(one.by)}: {escape(plain(one.reason, 300))}"
    if one.state is ExemptionState.PROPOSED:
        return f"*Proposed: expected* for {one.days} days, {why}\n{parts.SECOND}"
    if one.state is ExemptionState.OVER:
        return f"*Exception over*: {escape(plain(one.why, 400))}{parts.by_whom(one.ended)}"
    agreed = f"{mention(one.agreed.by)} agreed, " if one.agreed else ""
    return f"☑️ *Expected* until {date(one.until)}, {agreed}{why}"


def _covered(one: Exemption) -> str:
    """What an exception hides, a condition a line."""
    rule = f"Rule {code(one.rule, 80)} up to {one.level.value}, where all are equal:"
    return "\n".join([rule, *(f"• {_condition(each)}" for each in one.conditions)])


def _condition(each: Clause) -> str:
    value = parts.principal(each.value) if each.aspect is Aspect.ACTOR else each.value
    return f"{parts.ASPECTS[each.aspect]} {code(value, 150)}"


def _hits(one: Exemption) -> str:
    """How often it came, counted."""
    if not one.hits:
        return "Nothing was hidden" if one.state is ExemptionState.OVER else "Nothing hidden yet"
    return f"{counted(one.hits, 'finding')} hidden, the last {date(one.last_hit)}"


def _tested(one: Exemption) -> str:
    """The backtest: what it would have hidden, of whom, and what stays."""
    test = one.backtest
    whose = f", all by {code(one.actor.name or one.actor.principal, 80)}" if test.hidden else ""
    lines = [f"It {parts.backtest(test)}{whose}." if test.found else f"{parts.backtest(test)}."]
    if test.stays:
        more = test.found - test.hidden - len(test.stays)
        lines.append(f"These stay{f' and {more} more' if more else ''}:")
        lines += [f"• {parts.news(line)}" for line in test.stays]
    return "\n".join(lines)


def _diff(one: Exemption) -> Block:
    added = "\n".join(f"+ {line}" for line in one.sigma.splitlines()) or "+"
    text = spell_out(added)
    shown = parts.beginning(text, _DIFF_SIZE)
    return parts.preformatted(shown if shown == text else f"{shown}…")


def exemption_list(
    exemptions: Sequence[Exemption], *, offset: int = 0, total: int | None = None, step: int = 8
) -> Message:
    """Some of those that stand, one below the other, each with the button that ends it.

    Who wants to agree does so in the thread, where the proposal can be read. The page begins at
    *offset* of *total* (None: these are all); a whole one has *step*.
    """
    if not exemptions:
        return Message(text="Nothing is excepted.", blocks=[parts.literal("Nothing is excepted.")])
    entries = [_entry(one) for one in exemptions]
    return standing("Exceptions", entries, offset=offset, total=total, step=step)


def _entry(one: Exemption) -> list[Block]:
    lines = [f"*{escape(one.id)}* at {escape(one.alert)}", _told(one), _covered(one)]
    if one.state is not ExemptionState.PROPOSED:
        lines.append(_hits(one))
    return [parts.section("\n".join(lines), pointer="…"), parts.actions(_end(one))]


def _buttons(one: Exemption) -> list[Block]:
    """A press on an old line is answered by how things stand."""
    if one.state is ExemptionState.OVER:
        return []
    if one.state is ExemptionState.PROPOSED:
        agree = parts.button("Agree", parts.AGREE_EXCEPT, one.id, style="primary")
        return [parts.actions(agree, _end(one))]
    return [parts.actions(_end(one))]


def _end(one: Exemption) -> ButtonElement:
    label = "No" if one.state is ExemptionState.PROPOSED else "Remove"
    return parts.button(label, parts.UNEXCEPT, one.id)
