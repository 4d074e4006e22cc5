"""A list whose entries have buttons of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.slack import parts
from bot.slack.lint import BLOCKS, WHOLE, size
from bot.slack.parts import Block

_SIGN_SIZE = 200
"""JSON characters that the line about what is left out may take."""


def stacked(title: str, entries: Iterable[Sequence[Block]], total: int) -> list[Block]:
    """*entries* below one another, as many of *total* as a message holds, and how many it leaves
    out. An entry is shown whole or not at all: a button without its text ends the wrong thing.
    """
    blocks = [parts.header(title)]
    for place, entry in enumerate(entries):
        if len(blocks) + len(entry) >= BLOCKS or size([*blocks, *entry]) > WHOLE - _SIGN_SIZE:
            return [*blocks, parts.context(f"… and {total - place:,} more")]
        blocks += entry
    return blocks
