"""What people ask for and what came of it; its line in the ledger."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from bot.model.alerts import Verdict
from bot.model.exemptions import Aspect
from bot.model.people import Person
from bot.model.scope import Scope


class Verb(StrEnum):
    """What a person may ask of the bot. Settings say who may, as `[people.<verb>]`."""

    LOOK = "look"  # help, status, alerts, Details
    TAKE = "take"
    RESOLVE = "resolve"
    RAW = "raw"  # receive the raw record by direct message
    HAND_OVER = "hand_over"
    NOTE = "note"
    REOPEN = "reopen"
    SNOOZE = "snooze"
    AGREE = "agree"  # the second person that a long snooze of a critical alert needs
    WAKE = "wake"  # end a snooze
    EXCEPT = "except"  # propose that something is always expected
    AGREE_EXCEPT = "agree_except"  # the second person that every exception needs
    UNEXCEPT = "unexcept"  # end an exception
    RELOAD = "reload"  # have the rules read anew


class Ask(Struct, frozen=True, kw_only=True):
    """A person asks for something about an alert.

    *key* makes it idempotent (derived from Slack's trigger id): the same key again returns the
    first outcome and changes nothing. *to* is who shall have the alert, where it is handed over;
    *quoted* the ts of the message in the card's thread that *note* repeats, "" for a note of its
    own, and *left_out* how many of its characters were too many; *record* the id of the record that
    shall be revealed. A snooze is asked for with a *scope* and *hours*, and decided about later by
    its id, *snooze*. An exception is asked for with the aspects that shall be *equal* to those of
    the *record* that the person was shown, and its *days*, and decided about by its id,
    *exemption*. *shown* marks how the alert was when the person's window opened, "" where there was
    none: each verb has its own.
    """

    key: str
    verb: Verb
    alert: str
    by: Person
    at: str
    verdict: Verdict | None = None
    note: str = ""
    channel: str = ""
    to: Person | None = None
    quoted: str = ""
    left_out: int = 0
    record: str = ""
    scope: Scope | None = None
    hours: int = 0
    snooze: str = ""
    equal: tuple[Aspect, ...] = ()
    days: int = 0
    exemption: str = ""
    shown: str = ""


class Decision(Struct, frozen=True, kw_only=True):
    """What came of an *Ask*. *reason* is one of `alerts.Reason`; *sentence* is shown to *by*."""

    ask: Ask
    accepted: bool
    reason: str
    sentence: str
    grounds: tuple[str, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """A line for the ledger, before it has a place in the chain.

    *kind* is dotted (`alert.take`, `alert.take.refused`, `record.reveal`); *subject* is an id;
    *body* is JSON-able and holds no secret and no phone number in clear.
    """

    kind: str
    subject: str
    by: str
    at: str
    body: dict[str, object] = {}


class Link(Struct, frozen=True, kw_only=True):
    """An entry in its place: *hash* covers every field here and the hash before it."""

    seq: int
    at: str
    kind: str
    subject: str
    by: str
    body: str
    prev: str
    hash: str


class Chain(Struct, frozen=True, kw_only=True):
    """What verifying the ledger found. *broken_at* is the first sequence number that is wrong."""

    length: int
    head: str
    broken_at: int | None = None
    reason: str = ""

    @property
    def whole(self) -> bool:
        """Every link holds, and the end is where it should be."""
        return self.broken_at is None and not self.reason
