"""Who people are, and who may do what."""

from __future__ import annotations

from msgspec import Struct


class Person(Struct, frozen=True, kw_only=True):
    """Somebody in Slack. Identity is *user* + *team*; *name* is only shown."""

    user: str
    team: str
    name: str = ""


class Allowed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may use a verb: Slack user ids (U…, W…), user group ids (S…), or every full member."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    everyone: bool = False

    def groups_for(self, user: str) -> tuple[str, ...]:
        """The user groups that decide about *user*; none where no group is needed."""
        return () if self.everyone or user in self.users else self.groups


class Member(Struct, frozen=True, kw_only=True):
    """What Slack says of a person. *groups* are the user groups we asked about that hold them;
    *zone* is their time zone (IANA), "" where it is not known."""

    user: str
    team: str
    name: str = ""
    guest: bool = False
    stranger: bool = False
    deleted: bool = False
    bot: bool = False
    groups: tuple[str, ...] = ()
    zone: str = ""
