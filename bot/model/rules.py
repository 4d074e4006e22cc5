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


class LeftOut(Struct, frozen=True):
    """A file of a user's folder that was left out, and why."""

    file: str
    reason: str


class RuleFacts(Struct, frozen=True, kw_only=True):
    """A rule or a correlation as people are told of it. *asks* says in a sentence when a
    correlation speaks; it is "" for a rule."""

    name: str
    title: str
    level: Level
    status: str
    shadow: bool
    own: bool
    description: str
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    runbook: tuple[str, ...]
    fold_by: tuple[str, ...]
    needs: tuple[str, ...]
    tests: int
    file: str
    asks: str = ""


class Shadowed(Struct, frozen=True, kw_only=True):
    """What something in the shadow would have said: *alerts* of *hits* findings since some moment.

    *since* is when it was first loaded as a shadow rule (ISO), or later, when counting began anew.
    """

    rule: str
    since: str
    alerts: int = 0
    hits: int = 0


class Covered(Struct, frozen=True, kw_only=True):
    """What the rules look at: *techniques* are (id, name, number of rules); *covered* of *calls*
    calls of Connect that change something have a rule; *gaps* are (why not, number of calls)."""

    techniques: tuple[tuple[str, str, int], ...]
    covered: int
    calls: int
    gaps: tuple[tuple[str, int], ...]
