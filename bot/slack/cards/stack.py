"""A list whose entries have buttons of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from bot.slack import parts
from bot.slack.lint import BLOCKS, WHOLE, Message, size
from bot.slack.parts import Block

_BESIDE = 2
"""Blocks beside the entries: the header, and the buttons that turn the page."""

_BESIDE_SIZE = 800
"""JSON characters that those may take."""


def standing(
    what: str, entries: Sequence[Sequence[Block]], *, offset: int, total: int | None, step: int
) -> Message:
    """A page of what stands, the first to end first; *what* heads it, and is the word in a command
    that lists it.

    It begins at *offset* of *total* (None: *entries* are all); a whole one has *step*.
    """
    total = len(entries) if total is None else total
    shown = _whole(entries)
    place = f"{offset + 1:,} to {offset + len(shown):,} of {total:,}, the first to end first"
    title = f"{what}: {place}"
    turning = parts.turning(what.lower(), offset, len(shown), total, step)
    return Message(text=title, blocks=[parts.header(title), *chain.from_iterable(shown), *turning])


def _whole(entries: Sequence[Sequence[Block]]) -> Sequence[Sequence[Block]]:
    """The first of *entries*, as many as a message holds.

    An entry is shown whole or not at all: a button without its text ends the wrong thing.
    """
    blocks: list[Block] = []
    for place, entry in enumerate(entries):
        blocks += entry
        if len(blocks) + _BESIDE > BLOCKS or size(blocks) > WHOLE - _BESIDE_SIZE:
            return entries[:place]
    return entries
