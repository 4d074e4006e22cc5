"""A rule spoke (finding); what people see of it (alert)."""

from __future__ import annotations

import uuid
from enum import StrEnum

from msgspec import Struct

from bot.model.ids import NAMESPACE
from bot.model.people import Person
from bot.model.records import Actor, Level, Record


class Finding(Struct, frozen=True, kw_only=True):
    """A rule spoke about a record. *fold* holds the values of the rule's fold keys, in order.

    *accounts* are those that it is about where the record alone does not say; *since* is when
    what it speaks of began (ISO), where that was earlier. *of* is what it is idempotent on, ""
    where that is its record.
    """

    rule: str
    level: Level
    headline: str
    why: str
    record: Record
    fold: tuple[str, ...]
    runbook: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fold_minutes: int = 0
    """The rule's own fold window in minutes; 0 takes the one from settings."""
    accounts: tuple[str, ...] = ()
    since: str = ""
    of: str = ""

    @property
    def id(self) -> str:
        """Deterministic: the same rule about the same record is the same finding."""
        return finding_id(self.rule, self.of or self.record.key)


def finding_id(rule: str, of: str) -> str:
    """The id of what *rule* says *of* a record's key, or of what else it is idempotent on."""
    return str(uuid.uuid5(NAMESPACE, f"finding\n{rule}\n{of}"))


class AlertState(StrEnum):
    """open → taken → resolved → open again."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What an alert turned out to be."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    EXPECTED = "expected"


class Mark(Struct, frozen=True, kw_only=True):
    """Who did something to an alert, and when (clock, ISO)."""

    by: Person
    at: str


class Seen(Struct, frozen=True, kw_only=True):
    """What an alert has already shown, so that anything else is new context.

    Another of the *targets* is none, but who agreed to be quiet about one has not seen others.
    """

    actors: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    succeeded: bool = False


class Release(Struct, frozen=True, kw_only=True):
    """Why a card came out *at* last (clock, ISO): *held* is the id of what had held it back."""

    held: str
    why: str
    at: str


class Alert(Struct, frozen=True, kw_only=True):
    """Findings folded into one thing that people see and decide about.

    *id* is what people say (`A-7K2QF`). *fold_key* and *anchor* (event time of the first finding
    stored) decide what folds in. *version* rises with every change; the first writer of a version
    wins. *news* are the lines of new context, oldest first. Fields of the last finding stand for
    the alert (*event_name* … *user_agent*); *origin* says whose *source_ip* is and where, "" where
    that is not known; *headline* and *actor* are those of the first that was
    not a replay. *note* is the resolution's; other notes are decisions. *storm* is the id of the
    last storm that held its card back, *inhibitor* that of the last alert that stood for it;
    *handed* is who handed it over to whom *taken* names, None where that one took it; *held* is the
    id of what keeps its card back, "" once it was queued; *released* says why that was late.
    """

    id: str
    rule: str
    level: Level
    headline: str
    why: str
    fold_key: str
    target_key: str
    anchor: str
    first_time: str
    last_time: str
    opened_at: str
    runbook: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    state: AlertState = AlertState.OPEN
    version: int = 1
    count: int = 1
    replays: int = 0
    actor: Actor
    account: str = ""
    region: str = ""
    instance: str = ""
    target: str = ""
    event_source: str = ""
    event_name: str = ""
    source_ip: str = ""
    origin: str = ""
    user_agent: str = ""
    error_code: str = ""
    seen: Seen = Seen()
    news: tuple[str, ...] = ()
    taken: Mark | None = None
    resolved: Mark | None = None
    handed: Mark | None = None
    reopened: Mark | None = None
    verdict: Verdict | None = None
    note: str = ""
    channel: str = ""
    ts: str = ""
    storm: str = ""
    inhibitor: str = ""
    held: str = ""
    released: Release | None = None

    @property
    def in_storm(self) -> bool:
        """A storm keeps its card back: whoever asks for it gets it."""
        return bool(self.storm) and self.held == self.storm

    @property
    def awaited(self) -> bool:
        """It was handed to somebody who has not said yet that they have it."""
        return self.state is AlertState.OPEN and self.taken is not None

    @property
    def inhibited(self) -> bool:
        """Another alert stands for it: it has no card and calls nobody."""
        return bool(self.inhibitor) and self.held == self.inhibitor
