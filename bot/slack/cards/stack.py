"""A list whose entries have buttons of their own."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.lint import BLOCKS, WHOLE, size
from bot.slack.parts import Block

_BESIDE = 2
"""Blocks beside the entries: the header, and the buttons that turn the page."""

_BESIDE_SIZE = 800
"""JSON characters that those may take."""


def whole(entries: Sequence[Sequence[Block]]) -> Sequence[Sequence[Block]]:
    """The first of *entries*, as many as a message holds.

    An entry is shown whole or not at all: a button without its text ends the wrong thing.
    """
    blocks: list[Block] = []
    for place, entry in enumerate(entries):
        blocks += entry
        if len(blocks) + _BESIDE > BLOCKS or size(blocks) > WHOLE - _BESIDE_SIZE:
            return entries[:place]
    return entries
