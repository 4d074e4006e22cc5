"""Snoozes: announced in the thread, and listed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Snooze, SnoozeState
from bot.slack import parts
from bot.slack.cards.stack import standing
from bot.slack.lint import Message, fit
from bot.slack.parts import Block
from bot.slack.text import escape, plain, summon


def snooze_note(snooze: Snooze, state: SnoozeState, called: Sequence[str] = ()) -> Message:
    """What became of a snooze when it was *state*, as a line in its alert's thread.

    *called* are the ids of people and user groups who may agree, while one of them must.

    While it stands, the line has the buttons that belong to it.
    """
    lines = [parts.snooze(snooze)]
    mentions = " ".join(filter(None, map(summon, called)))
    if mentions and snooze.state is SnoozeState.ASKED:
        lines.append(f"{mentions}: one of you must agree, within an hour.")
    if state is SnoozeState.OVER:
        lines.append(parts.kept_quiet(snooze))
        if snooze.alerts:
            lines.append("Those still open that are medium or worse get their cards now.")
    blocks = [parts.section("\n".join(lines)), *_buttons(snooze)]
    spoken = {
        SnoozeState.ASKED: "A second person must agree to a snooze",
        SnoozeState.ON: "Snoozed",
        SnoozeState.OVER: "A snooze is over",
    }[state]
    return fit(Message(text=f"{spoken}: {escape(plain(snooze.headline, 200))}", blocks=blocks))


def snooze_list(
    snoozes: Sequence[Snooze], *, offset: int = 0, total: int | None = None, step: int = 8
) -> Message:
    """Some of those that stand, one below the other, each with its buttons.

    The page begins at *offset* of *total* (None: these are all); a whole one has *step*.
    """
    if not snoozes:
        return Message(text="Nothing is snoozed.", blocks=[parts.literal("Nothing is snoozed.")])
    entries = [_entry(one) for one in snoozes]
    return standing("Snoozes", entries, offset=offset, total=total, step=step)


def _entry(snooze: Snooze) -> list[Block]:
    lines = [
        f"*{escape(snooze.alert)}* {escape(plain(snooze.headline, 150))}",
        parts.snooze(snooze),
    ]
    if snooze.findings:
        lines.append(parts.kept_quiet(snooze))
    return [parts.section("\n".join(lines), pointer="…"), *_buttons(snooze)]


def _buttons(snooze: Snooze) -> list[Block]:
    """A press on an old line is answered by how things stand."""
    if snooze.state is SnoozeState.OVER:
        return []
    end = parts.button("End it", parts.WAKE, snooze.id)
    if snooze.state is SnoozeState.ASKED:
        agree = parts.button("Agree", parts.AGREE, snooze.id, style="primary")
        return [parts.actions(agree, parts.button("No", parts.WAKE, snooze.id))]
    return [parts.actions(end)]
