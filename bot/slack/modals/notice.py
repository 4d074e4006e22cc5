"""A sentence in place of a modal."""

from __future__ import annotations

from typing import Any

from bot.slack import parts
from bot.slack.modals.view import view


class Notice:
    """A sentence in place of a modal, where there is no field to show it at."""

    ID = "notice"

    @classmethod
    def build(cls, sentence: str) -> dict[str, Any]:
        """The modal that says *sentence*."""
        return view(cls.ID, "Callwarden", "", [parts.literal(sentence)])
