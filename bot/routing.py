"""Which channel an alert goes to: the first route that fits, its instance's, or the main one.

Asked once, when the alert opens. A card stays where it is, also when its level rises: people are
reading it there, and a second card would be a second alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from bot.model import Finding, Level


class Route(Struct, frozen=True, kw_only=True):
    """A channel, and the findings that go there: those that meet every condition it has.

    *instances* are Connect instance ids; *level* means that level and worse; *tag* may end in `*`.
    """

    channel: str
    instances: frozenset[str] = frozenset()
    account: str = ""
    level: Level | None = None
    levels: frozenset[Level] = frozenset()
    tag: str = ""

    def catches(self, finding: Finding) -> bool:
        """Whether *finding* meets all of it."""
        record = finding.record
        return (
            (not self.instances or record.instance in self.instances)
            and (not self.account or record.account == self.account)
            and self.heeds(finding.level)
            and (not self.tag or carries(finding.tags, self.tag))
        )

    def heeds(self, level: Level) -> bool:
        """Whether findings of *level* may go this way."""
        bad_enough = self.level is None or level.rank >= self.level.rank
        return bad_enough and (not self.levels or level in self.levels)


def carries(tags: Sequence[str], wanted: str) -> bool:
    """Whether one of *tags* is *wanted*, or begins with it where *wanted* ends in `*`.

    Case makes no difference, and ATT&CK's names are written with `-` as well as with `_`.
    """
    sought = _plain(wanted)
    if sought.endswith("*"):
        return any(_plain(tag).startswith(sought[:-1]) for tag in tags)
    return sought in map(_plain, tags)


def router(
    routes: Sequence[Route], own: Mapping[str, str], otherwise: str
) -> Callable[[Finding], str]:
    """finding → channel. *own* maps an instance to its channel; *otherwise* takes what is left."""
    kept = tuple(routes)

    def route(finding: Finding) -> str:
        for one in kept:
            if one.catches(finding):
                return one.channel
        return own.get(finding.record.instance, otherwise)

    return route


def _plain(tag: str) -> str:
    return tag.lower().replace("_", "-")
