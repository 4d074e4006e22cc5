"""What settings change about a rule, and what could not be read."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bot.model.records import Level


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[rules.override.NAME]`: what stands here holds instead of what the rule's file says.

    *status* `experimental` or `shadow` makes it a shadow rule, any other promotes it.
    """

    level: Level | None = None
    status: Literal["stable", "test", "experimental", "shadow"] | None = None
    fold_by: tuple[str, ...] | None = None
    fold_minutes: int | None = None


class Refused(Struct, frozen=True):
    """A file of a user's folder that was left out, and why."""

    file: str
    reason: str
