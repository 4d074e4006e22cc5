"""What AWS wrote, and what came in its place."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from bot.model.moments import iso, moment


class Level(StrEnum):
    """How bad, in Sigma's words."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (informational) to 4 (critical)."""
        return _RANKS[self]

    @property
    def milder(self) -> Level:
        """One step down; informational stays."""
        return _LEVELS[max(0, self.rank - 1)]


_LEVELS = tuple(Level)
_RANKS = {level: rank for rank, level in enumerate(_LEVELS)}


class Actor(Struct, frozen=True, kw_only=True):
    """Who made a call.

    *principal* is the stable identity (issuer ARN + normalised session name, or the user's ARN,
    or the service); *name* is what people recognise; *kind* is CloudTrail's userIdentity.type;
    *connect_user* is the Connect user id where the call came through the admin website (the
    session name of a service-linked-role session).
    """

    principal: str
    name: str
    kind: str = ""
    connect_user: str | None = None


class Record(Struct, frozen=True, kw_only=True):
    """One CloudTrail record, with the fields that findings and cards need.

    *id* is eventID, else `sha256:…` of *raw*. *key* is what findings are idempotent on:
    sharedEventID where the record has one (the same call delivered to two accounts; not for
    Insight events, whose start and end share it), else *id*. *time* is eventTime as it came, ""
    where the record has none. *instance* is a bare Connect instance id. *target* is the thing
    acted upon, without account and Region, so that a replica's copy compares equal. *replay*
    marks a change that Global Resiliency repeated in the replica Region.
    """

    id: str
    key: str
    raw: bytes
    time: str = ""
    source: str = ""
    name: str = ""
    region: str = ""
    account: str = ""
    actor: Actor
    source_ip: str = ""
    user_agent: str = ""
    error_code: str = ""
    error_message: str = ""
    instance: str = ""
    target: str = ""
    replay: bool = False

    @property
    def failed(self) -> bool:
        """AWS refused the call or it went wrong."""
        return bool(self.error_code)

    def happened(self, now: str) -> str:
        """*time* as `iso` writes it; *now* where the record has no time that can be read."""
        parsed = moment(self.time)
        return iso(parsed) if parsed else now


class Unreadable(Struct, frozen=True, kw_only=True):
    """Something that came where records were expected and could not be read.

    *where* names it (file, object or message, with the position in it); *reason* is a short
    plain phrase; *sample* holds its first bytes, for the person who looks into it.
    """

    where: str
    reason: str
    sample: bytes = b""
