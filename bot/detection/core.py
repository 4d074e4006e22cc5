"""The first look at a record: a few of its fields, and where it stands in its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct


class Who(Struct, frozen=True, gc=False):
    """What tells one caller from another, of `userIdentity`.

    The last two are what some writers make of the two before: a full decode mends them.
    """

    kind: str | None = msgspec.field(name="type", default=None)
    owner: str | None = msgspec.field(name="principalId", default=None)
    arn: str | None = None
    key: str | None = msgspec.field(name="accessKeyId", default=None)
    service: str | None = msgspec.field(name="invokedBy", default=None)
    lower_key: str | None = msgspec.field(name="accesskeyid", default=None)
    lower_service: str | None = msgspec.field(name="invokedby", default=None)

    @property
    def caller(self) -> tuple[str | None, ...]:
        """The same for all sessions and keys of one actor, where that can be told from here."""
        return self.kind, self.arn or self.owner, self.service

    @property
    def tells_actor(self) -> bool:
        """Whether the same `caller` always means the same actor.

        Not for Root, of whom Connect's own calls are told apart by their address, nor for SAMLUser
        and IdentityCenterUser, whose names stand elsewhere.
        """
        if self.kind in ("Root", "SAMLUser", None):
            return False
        return bool(self.arn or self.owner or (self.kind == "AWSService" and self.service))


class Core(Struct, frozen=True, gc=False):
    """What the rules' first look needs, and nothing more: the rest stays undecoded.

    Decoding refuses a record without the first four, so that it is looked at with care.
    """

    source: Annotated[str, Meta(min_length=1)] = msgspec.field(name="eventSource")
    name: Annotated[str, Meta(min_length=1)] = msgspec.field(name="eventName")
    time: str = msgspec.field(name="eventTime")
    id: Annotated[str, Meta(min_length=1)] = msgspec.field(name="eventID")
    region: str = msgspec.field(name="awsRegion", default="")
    address: str | None = msgspec.field(name="sourceIPAddress", default=None)
    agent: str | None = msgspec.field(name="userAgent", default=None)
    error: str | None = msgspec.field(name="errorCode", default=None)
    account: str | None = msgspec.field(name="recipientAccountId", default=None)
    shared: str | None = msgspec.field(name="sharedEventID", default=None)
    who: Who | None = msgspec.field(name="userIdentity", default=None)


class Placed(Core, frozen=True, gc=False):
    """`Core`, with what stands at the record's start in the text of its file."""

    version: Raw = msgspec.field(name="eventVersion", default=Raw())

    @property
    def plain(self) -> Core:
        """Without its file."""
        return Core(*msgspec.structs.astuple(self)[:-1])


class Entry(Struct, frozen=True, gc=False):
    """A record before anybody has decided that it matters.

    *odd* is true where its shape is not CloudTrail's usual one, so that *core* may miss what a
    full decode shows: every rule then looks at the whole record.
    """

    blob: str
    place: str
    raw: Raw | bytes
    core: Core
    odd: bool = False

    @property
    def where(self) -> str:
        """Names the record for people: `file#17`."""
        return at(self.blob, self.place)


class Run(Struct, frozen=True, gc=False):
    """Records of usual shape that lie side by side, not yet made into entries.

    *first* is the first one's number; its text stands at *offset* of *raws*. Whoever keeps a run
    keeps its whole file in memory.
    """

    blob: str
    above: str
    first: int
    raws: Sequence[Raw | bytes]
    cores: Sequence[Core]
    offset: int = 0

    def entry(self, place: int) -> Entry:
        """The record at *place*, counted from 0."""
        number = within(self.above, str(self.first + place))
        return Entry(self.blob, number, self.raws[self.offset + place], self.cores[place])


def within(above: str, place: str) -> str:
    """The number of a piece, *place* within *above*."""
    return f"{above}.{place}" if above and place else above or place


def at(blob: str, place: str) -> str:
    """What names a piece for people."""
    return f"{blob}#{place}" if place else blob
