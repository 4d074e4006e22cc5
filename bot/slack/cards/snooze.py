"""Snoozes: announced in the thread, and listed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Snooze, SnoozeState
from bot.slack import parts
from bot.slack.lint import BLOCKS, Message, fit
from bot.slack.parts import Block
from bot.slack.text import escape, plain


def snooze_note(snooze: Snooze, state: SnoozeState) -> Message:
    """What became of a snooze when it was *state*, as a line in its alert's thread.

    While it stands, the line has the buttons that belong to it.
    """
    lines = [parts.snooze(snooze)]
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
    total = len(snoozes) if total is None else total
    shown = snoozes[: (BLOCKS - 2) // 2]
    title = f"Snoozes: {offset + 1} to {offset + len(shown)} of {total}, the first to end first"
    blocks = [parts.header(title)]
    for snooze in shown:
        named = f"*{escape(snooze.alert)}* {escape(plain(snooze.headline, 150))}"
        told = f"{named}\n{parts.snooze(snooze)}\n{parts.kept_quiet(snooze)}"
        blocks += [parts.section(told), *_buttons(snooze)]
    blocks += parts.turning("snoozes", offset, len(shown), total, step)
    return fit(Message(text=title, blocks=blocks))


def _buttons(snooze: Snooze) -> list[Block]:
    """A press on an old line is answered by how things stand."""
    if snooze.state is SnoozeState.OVER:
        return []
    end = parts.button("End it", parts.WAKE, snooze.id)
    if snooze.state is SnoozeState.ASKED:
        agree = parts.button("Agree", parts.AGREE, snooze.id, style="primary")
        return [parts.actions(agree, parts.button("No", parts.WAKE, snooze.id))]
    return [parts.actions(end)]
