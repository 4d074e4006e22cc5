"""What the core asks of the world, as Protocols, and the frozen `Bot` that holds the answers.

Every port is a use-case verb. A method that takes a function (`keep`, `decide`) calls it inside
its own atomic step: the function is pure and may be called again when a step is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from bot.model import (
    Alert,
    AlertState,
    Allowed,
    Around,
    Ask,
    Backlog,
    Chain,
    ChainMark,
    Checkup,
    Covered,
    Decision,
    Edits,
    Entry,
    Exemption,
    ExemptionState,
    Finding,
    Heard,
    LeftOut,
    Level,
    Link,
    Member,
    Page,
    PageKind,
    Past,
    Record,
    Related,
    RuleFacts,
    Send,
    Shadowed,
    Snooze,
    SnoozeState,
    Storm,
    Tally,
    Timeline,
    Track,
    Trouble,
    Unreadable,
    Verb,
)
from bot.model.evidence import Evidence


class Clock(Protocol):
    """Where time comes from. Nothing else in the program reads the system's clock."""

    def now(self) -> datetime:
        """The present moment, UTC-aware."""
        ...


# ── intake ──────────────────────────────────────────────────────────────────


class Blob(Struct, frozen=True, kw_only=True):
    """Bytes that hold CloudTrail records, from one file, object or message.

    *where* names it for people (`s3://bucket/key`, a path, `message 1a2b…`).
    """

    where: str
    body: bytes


class Delivery(Protocol):
    """What a source handed over in one go. It stays the source's until `done` is called."""

    @property
    def where(self) -> str:
        """Names the delivery for people."""
        ...

    @property
    def sent_at(self) -> str:
        """Since when it has waited for us (ISO), "" where the source cannot tell."""
        ...

    def parts(self) -> Iterator[Blob | Unreadable]:
        """The blobs in it, fetched one after the other, and what could not be read for good.

        Raises Unavailable or Refused where fetching failed and the delivery should come back.
        """
        ...

    def done(self) -> None:
        """Everything in it is stored: the source may forget it."""
        ...

    def failed(self, reason: str) -> None:
        """It could not be worked; the source will hand it over again (and in the end redrive)."""
        ...


class Source(Protocol):
    """Where deliveries come from."""

    @property
    def name(self) -> str:
        """Names the source in status and logs."""
        ...

    def receive(self, wait: float) -> Sequence[Delivery]:
        """The next deliveries, after at most *wait* seconds; empty where there were none.

        Raises Unavailable (try again) or Refused (permission, no such queue).
        """
        ...

    def close(self) -> None:
        """Let go. Deliveries that are still open are handed over again later."""
        ...


class Gauge(Protocol):
    """How much waits for us at a source, asked without taking anything."""

    @property
    def name(self) -> str:
        """The source's name."""
        ...

    def measure(self) -> Backlog:
        """What waits now. What may not be asked is unknown with its reason; nothing is raised."""
        ...


class Cursor(Struct, frozen=True, kw_only=True):
    """How far a place has been read: everything up to *at* is stored. Reading began at *since*.

    Both are ISO; what happened before *since* was there already and is history.
    """

    since: str
    at: str


class Cursors(Protocol):
    """Where a source that is asked by time keeps how far it has been read."""

    def cursor(self, place: str) -> Cursor | None:
        """How far *place* has been read; None where it never was."""
        ...

    def read_up_to(self, place: str, at: str, now: str) -> None:
        """Everything of *place* up to *at* (ISO) is stored. It may also be set back."""
        ...


# ── store ───────────────────────────────────────────────────────────────────


class Judged(Struct, frozen=True, kw_only=True):
    """A record, what the rules said of it, and what it counts towards."""

    record: Record
    findings: tuple[Finding, ...] = ()
    shadows: tuple[Finding, ...] = ()
    """What shadow rules would have said: counted, and not kept."""
    marks: tuple[ChainMark, ...] = ()
    evidence: Evidence | None = None
    """What baselines learned from it; stored with it, and only once."""


class SnoozeChange(Struct, frozen=True, kw_only=True):
    """A snooze as it is now, with its line for the ledger and what must be sent because of it."""

    snooze: Snooze
    entry: Entry | None = None
    sends: tuple[Send, ...] = ()


class ExemptionChange(Struct, frozen=True, kw_only=True):
    """An exception as it is now, with its line for the ledger and what must be sent."""

    exemption: Exemption
    entry: Entry | None = None
    sends: tuple[Send, ...] = ()


class Folded(Struct, frozen=True, kw_only=True):
    """What a finding did to an alert, and what must be sent because of it.

    *entry* is the ledger's line about its card, where that comes out late or another stands for it.
    """

    alert: Alert
    sends: tuple[Send, ...] = ()
    entry: Entry | None = None
    opened: bool = False
    snoozes: tuple[SnoozeChange, ...] = ()
    inhibitor: Alert | None = None
    """The alert that stands for it, where it has something new to say about that."""


class Inhibiting(Protocol):
    """The pure rules of alerts that stand for others."""

    def standing_for(self, rule: str) -> Sequence[str]:
        """The rules whose alerts may stand for those of *rule*."""
        ...

    def inhibited(
        self,
        folded: Folded,
        finding: Finding,
        others: Sequence[Alert],
        snoozes: Sequence[Snooze],
        now: str,
    ) -> Folded:
        """*folded*, without a card where one of *others* stands for it. *others* are unresolved,
        by rules of `standing_for`; *snoozes* are those that are asked for or on."""
        ...

    def settled(
        self,
        alert: Alert,
        inhibitor: Alert | None,
        snoozes: Sequence[Snooze],
        over: bool,
        now: str,
    ) -> Folded | None:
        """What becomes of the inhibited *alert* as things are now; None where it stays so.

        *over*: what it is about is over by itself.
        """
        ...


class Watched(Struct, frozen=True, kw_only=True):
    """What becomes of a channel's new cards: held back by *storm* where *holds*, else posted.

    *storm* is None where it is calm. *entry* is its line for the ledger where it begins or ends.
    """

    storm: Storm | None = None
    holds: bool = False
    entry: Entry | None = None
    sends: tuple[Send, ...] = ()


class Storming(Protocol):
    """The pure rules of storms."""

    def watch(
        self, channel: str, storm: Storm | None, arrived: Callable[[str], int], now: str
    ) -> Watched:
        """Given the storm that is on in *channel*, or None, and how many cards that may wait have
        *arrived* there since a time (ISO)."""
        ...

    def may_wait(self, alert: Alert) -> bool:
        """Whether the card of *alert* may be held back."""
        ...

    def held_back(self, alert: Alert, storm: Storm) -> Alert:
        """*alert*, held back by *storm*."""
        ...

    def taken_back(self, alert: Alert, storm: Storm, now: str) -> Entry | None:
        """The ledger's line where the card of *alert*, which *storm* holds back, had come out
        already and waited; None where it was a first one."""
        ...

    def room(self, shown: int, arrived: Callable[[str], int], now: str) -> int:
        """How many cards that a storm held back may come out now that it is over, where *shown*
        are out and so many have *arrived* in the channel since a time (ISO)."""
        ...

    def out(self, alert: Alert, storm: Storm, now: str) -> Folded:
        """*alert* with its card, which *storm*, now over, held back."""
        ...


class Correlating(Protocol):
    """The pure rules of correlations."""

    def judge(
        self, mark: ChainMark, window: Sequence[ChainMark], record: Record
    ) -> Sequence[Finding]:
        """What the correlation of *mark*, which *record* left, says beside the marks of *window*:
        those of its group within its span, before and after. The same findings each time."""
        ...

    def would_be(
        self, mark: ChainMark, window: Sequence[ChainMark], record: Record
    ) -> Sequence[Finding]:
        """As `judge`, of a correlation in the shadow, of which `judge` says nothing: what it would
        have said, to be counted and not kept."""
        ...


class Folding(Protocol):
    """The pure rules of folding, handed to the store so that they run inside its atomic step."""

    def keys(self, finding: Finding) -> tuple[str, str]:
        """(fold key, target key): alerts under either may take the finding in."""
        ...

    def window(self, finding: Finding) -> timedelta:
        """How far from an alert's first finding *finding* still folds into it."""
        ...

    def fold(
        self,
        finding: Finding,
        candidates: Sequence[Alert],
        new_id: Callable[[], str],
        now: str,
        snoozes: Sequence[Snooze] = (),
    ) -> Folded:
        """Fold *finding* into one of *candidates* (newest first), or open alert *new_id()*.

        *snoozes* are those that are asked for or on.
        """
        ...

    def exempted(
        self, finding: Finding, exemptions: Sequence[Exemption], now: str
    ) -> Exemption | None:
        """The one of *exemptions* (those that are on) by which *finding* is expected, with the
        hit counted; None where it goes into an alert."""
        ...

    @property
    def storms(self) -> Storming:
        """When new cards are held back."""
        ...

    @property
    def inhibition(self) -> Inhibiting:
        """Which alerts stand for others."""
        ...

    @property
    def correlations(self) -> Correlating:
        """What several records mean together."""
        ...


class Kept(Struct, frozen=True, kw_only=True):
    """What `keep` changed: records and findings not seen before, alerts opened and changed.

    *epoch* rises whenever something that baselines had learned was forgotten.
    """

    records: int = 0
    findings: int = 0
    opened: int = 0
    changed: int = 0
    epoch: int = 0


class Verdicted(Struct, frozen=True, kw_only=True):
    """A decision with all that follows from it, to be written in one step."""

    decision: Decision
    entry: Entry
    alert: Alert | None = None
    sends: tuple[Send, ...] = ()
    snooze: Snooze | None = None
    exemption: Exemption | None = None


class Judge(Protocol):
    """The pure rule of a verb: given the alert as it is now (None: there is no such)."""

    def __call__(self, ask: Ask, alert: Alert | None, /) -> Verdicted: ...


class SnoozeJudge(Protocol):
    """The pure rule of a verb about snoozes: *standing* are all that are asked for or on, *lately*
    those over that were asked for lately."""

    def __call__(
        self,
        ask: Ask,
        alert: Alert | None,
        standing: Sequence[Snooze],
        lately: Sequence[Snooze],
        /,
    ) -> Verdicted: ...


class Waking(Protocol):
    """The pure rule for an alert that a snooze, which is *over*, kept without a card: *standing*
    are all snoozes that are asked for or on."""

    def __call__(self, alert: Alert, over: Snooze, standing: Sequence[Snooze], /) -> Folded: ...


class Due(Struct, frozen=True, kw_only=True):
    """A step that is due because nobody has taken an alert. *key* makes it idempotent."""

    key: str
    entry: Entry
    sends: tuple[Send, ...] = ()
    pages: tuple[Page, ...] = ()


class Left(Struct, frozen=True, kw_only=True):
    """What *storm*, which is over, still holds back: how many *open* alerts of each level."""

    storm: Storm
    open: Mapping[Level, int]


class EscalatingLeft(Protocol):
    """The pure rule of escalation for all that a storm still holds back."""

    def __call__(self, left: Left, /) -> Sequence[Due]: ...


class Escalating(Protocol):
    """The pure rule of escalation: the steps that are due for the alert as it is now; *snoozes*
    are all that are asked for or on."""

    def __call__(self, alert: Alert, snoozes: Sequence[Snooze], /) -> Sequence[Due]: ...


class ExemptionJudge(Protocol):
    """The pure rule of a verb about exceptions: *standing* are all that are proposed or on."""

    def __call__(
        self, ask: Ask, alert: Alert | None, standing: Sequence[Exemption], /
    ) -> Verdicted: ...


class Store(Cursors, Protocol):
    """The memory. Every method is atomic, durable when it returns, and safe to repeat."""

    def keep(self, batch: Sequence[Judged], folding: Folding, now: str) -> Kept:
        """Store records with their findings, fold them into alerts and queue what to send."""
        ...

    def keep_unreadable(self, source: str, items: Sequence[Unreadable], now: str) -> None:
        """Remember what could not be read."""
        ...

    def read_after_all(self, where: str) -> None:
        """What was kept as unreadable under exactly *where* has been read and stored since."""
        ...

    def unreadable(self, limit: int = 50, since: str = "") -> Sequence[tuple[str, Unreadable]]:
        """(when, what) of the latest things that could not be read, from *since* (ISO) on."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it is now."""
        ...

    def alerts(
        self,
        states: Sequence[AlertState],
        limit: int = 20,
        offset: int = 0,
        *,
        owner: str = "",
        rule: str = "",
        actor: str = "",
        storm: str = "",
        held: bool = False,
    ) -> Sequence[Alert]:
        """Alerts in *states*, worst and then newest first.

        *owner* is the user id of who has it or resolved it; *rule* and *actor* are parts of the
        rule's name and of an actor's name or principal, in any case; *storm* is the id of the
        storm that held its card back, or "any"; *held* are those that are not resolved and
        whose cards something keeps back now.
        """
        ...

    def alert_at(self, channel: str, ts: str) -> Alert | None:
        """The alert whose card stands at *ts* of *channel*."""
        ...

    def how_many(
        self,
        states: Sequence[AlertState],
        *,
        owner: str = "",
        rule: str = "",
        actor: str = "",
        storm: str = "",
        held: bool = False,
    ) -> int:
        """How many alerts `alerts` would give without a limit."""
        ...

    def record(self, record_id: str) -> Record | None:
        """A record that was kept as evidence."""
        ...

    def records_of(self, alert_id: str, limit: int = 5) -> Sequence[Record]:
        """The newest records behind an alert, newest first."""
        ...

    def record_of(self, alert_id: str, record_id: str) -> Record | None:
        """The record, where it is kept and stands behind the alert."""
        ...

    def decide(self, ask: Ask, judge: Judge) -> Decision:
        """Judge *ask* against the alert as it is now and write all that follows.

        The same `ask.key` again returns the first decision and changes nothing.
        """
        ...

    def decide_snooze(self, ask: Ask, judge: SnoozeJudge, since: str) -> Decision:
        """As `decide`, about a snooze of the alert; *since* (ISO) is what the rule calls lately."""
        ...

    def around(self, record: Record, minutes: int) -> Sequence[Around]:
        """The calls by its actor, on its target and from its address around *record*; those that
        rules spoke of and those that none did. Ties that it lacks are left out.
        """
        ...

    def related(self, alert_id: str, record: Record, minutes: int, limit: int = 10) -> Related:
        """The *limit* records nearest to *record* of those that `around` counts, without the
        alert's own."""
        ...

    def times_of(self, alert_id: str, limit: int = 1000) -> Sequence[str]:
        """When the findings of an alert happened (ISO), oldest first; the newest *limit*."""
        ...

    def tracks(self, record: Record, alert_id: str, minutes: int) -> Sequence[Track]:
        """As `around`, second by second; *alert_id* is the alert whose own calls are marked."""
        ...

    def picture_begun(self, file: str, now: str) -> None:
        """A file with this id is about to be in Slack."""
        ...

    def pictures(self, before: str, limit: int) -> Sequence[str]:
        """The ids of files that were begun before *before* (ISO), the oldest first."""
        ...

    def picture_gone(self, file: str) -> None:
        """The file is not in Slack any more."""
        ...

    def snooze(self, snooze_id: str) -> Snooze | None:
        """The snooze as it is now."""
        ...

    def snoozes(
        self, states: Sequence[SnoozeState], limit: int = 100, offset: int = 0
    ) -> Sequence[Snooze]:
        """Snoozes in *states*, those that end first first."""
        ...

    def snoozes_standing(self) -> Sequence[Snooze]:
        """All that are asked for or on, those that end first first."""
        ...

    def snoozes_about(self, alert: Alert) -> Sequence[Snooze]:
        """Those asked for or on that are for *alert* as it is, those that end first first."""
        ...

    def how_many_snoozes(self, states: Sequence[SnoozeState]) -> int:
        """How many `snoozes` would give without a limit."""
        ...

    def change_snoozes(
        self, change: Callable[[Sequence[Snooze]], Sequence[SnoozeChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are asked for or on. Returns how many."""
        ...

    def bring_out(
        self, wakes: Waking, storming: Storming, now: str, *, least: Level, most: int = 20
    ) -> int:
        """Write what *wakes* makes of open alerts from level *least* on that snoozes which are
        over still keep without a card, the worst and oldest *most* of them; a storm may hold
        their cards back like any others. Returns how many, 0 once there are none left.
        """
        ...

    def decide_exemption(self, ask: Ask, judge: ExemptionJudge) -> Decision:
        """As `decide`, about an exception that is proposed at the alert."""
        ...

    def exemption(self, exemption_id: str) -> Exemption | None:
        """The exception as it is now."""
        ...

    def exemptions(
        self, states: Sequence[ExemptionState], limit: int = 100, offset: int = 0
    ) -> Sequence[Exemption]:
        """Exceptions in *states*, those that end first first."""
        ...

    def how_many_exemptions(self, states: Sequence[ExemptionState]) -> int:
        """How many `exemptions` would give without a limit."""
        ...

    def change_exemptions(
        self, change: Callable[[Sequence[Exemption]], Sequence[ExemptionChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are proposed or on. Returns how many."""
        ...

    def note_shadows(self, rules: Sequence[str], now: str) -> None:
        """*rules* are shadow rules from *now* on, if they were none; no others are any more."""
        ...

    def shadows(self, since: str) -> Sequence[Shadowed]:
        """What each shadow rule would have said of what happened from *since* (ISO) on."""
        ...

    def kinds(self) -> Sequence[tuple[str, str]]:
        """(eventSource, eventName) of every kind of record that is kept. Reads all of them."""
        ...

    def findings_of_rule(self, rule: str, limit: int = 1000) -> Sequence[Past]:
        """The newest findings of *rule*, newest first, also those that an exception hid."""
        ...

    def change_alert(
        self, alert_id: str, change: Callable[[Alert], Folded | None], now: str
    ) -> Alert | None:
        """Write what *change* makes of the alert, and queue what it sends; the alert as it is then.

        None from *change* leaves it as it is.
        """
        ...

    def storm(self, storm_id: str) -> Storm | None:
        """The storm as it is now."""
        ...

    def storms_on(self) -> Sequence[Storm]:
        """The storms that last, the first to begin first."""
        ...

    def tally(self, storm_id: str, most: int = 5) -> Tally:
        """What the storm held back; the *most* frequent rules and actors."""
        ...

    def settle_storms(self, storms: Storming, now: str) -> int:
        """End those that are over by now. Returns how many."""
        ...

    def show_after_storms(self, rules: Storming, now: str, *, since: str, least: Level) -> int:
        """Bring out cards, from level *least* on, that storms which ended from *since* (ISO) on
        still hold back, the worst and oldest first, as many as *rules* has room for; none while
        another is on in the channel. Returns how many."""
        ...

    def left_by_storms(self) -> Sequence[Left]:
        """The storms that are over and still hold back alerts that nobody has taken, the first
        to begin first."""
        ...

    def escalate_left(self, storm_id: str, rule: EscalatingLeft, now: str) -> int:
        """As `escalate`, about what the storm still holds back."""
        ...

    def settle_inhibited(self, rules: Inhibiting, now: str) -> int:
        """Let those speak for themselves that nothing stands for any more. Returns how many
        changed."""
        ...

    def decisions_of(self, alert_id: str) -> Sequence[Decision]:
        """Accepted decisions about an alert, oldest first."""
        ...

    # outbox
    def queue(self, sends: Iterable[Send], now: str) -> None:
        """Queue sends; one that is known already stays as it is, but a card that was refused is
        tried again: who asks for it has just found its alert without one."""
        ...

    def claim_send(
        self,
        now: str,
        *,
        horizon: str,
        closed: frozenset[str] = frozenset(),
        posts: bool = True,
        edits: Edits = Edits.ALL,
        whispers: bool = True,
    ) -> Send | None:
        """Take the next send that is due, marking it as under way; None where there is none.

        *horizon* is the latest time that anything may honestly wait for: what waits for a later
        one was queued before the clock was set back, and is due. *closed* are channels that must
        not be posted to now; *posts* says whether anything may be posted at all, *edits* which
        edits may go, *whispers* whether ephemerals may.
        """
        ...

    def next_due(self) -> str | None:
        """When the earliest waiting send is due (ISO), None where nothing waits."""
        ...

    def send_done(self, send: Send, channel: str, ts: str, now: str) -> None:
        """The send arrived as message *ts* of *channel*. A card that is posted or edited replaces
        refused ones; once a card or a note is posted, notes that were given up follow."""
        ...

    def send_again(self, send: Send, due_at: str, error: str, ambiguous: bool) -> None:
        """The send must be tried again at *due_at*."""
        ...

    def send_refused(self, send: Send, error: str, now: str) -> None:
        """The send will not be tried again: it was refused for good. What can only follow it is
        refused with it."""
        ...

    def recover_sends(self, now: str) -> int:
        """At start: what was under way when we died may or may not have arrived, and what a
        refused card left out of sight is tried once more. Returns count."""
        ...

    def last_posts(self) -> Mapping[str, str]:
        """Per channel, when we last posted there (ISO), so that a restart keeps Slack's pace."""
        ...

    def refused_sends(self, limit: int = 20, since: str = "") -> Sequence[Send]:
        """The latest sends refused for good, from *since* (ISO) on, but for those that another
        one replaces."""
        ...

    # pages
    def queue_page(self, page: Page, now: str) -> None:
        """Queue a page; one that is known already stays as it is."""
        ...

    def claim_page(self, now: str, horizon: str) -> Page | None:
        """Take the next page that is due, marking it as under way; None where there is none.

        What waits for later than *horizon* was queued before the clock was set back, and is due.
        """
        ...

    def page_done(self, page: Page, entry: Entry) -> None:
        """The page went out."""
        ...

    def page_again(self, page: Page, due_at: str, error: str) -> None:
        """The page must be tried again at *due_at*."""
        ...

    def page_refused(self, page: Page, due_at: str, error: str, entry: Entry) -> None:
        """The page was refused time and again; it is tried once more at *due_at*. *entry* is
        written the first time only."""
        ...

    def page_dropped(self, page: Page, why: str, entry: Entry) -> None:
        """The page need not go out any more."""
        ...

    def page_later(self, page: Page, due_at: str) -> None:
        """The page was claimed and not tried; it waits until *due_at* (ISO)."""
        ...

    def recover_pages(self, now: str) -> int:
        """At start, and once pages go out again: what was under way when we died waits again, and
        what was refused is tried now. It may go out twice, which is better than never. Returns
        count."""
        ...

    def last_page(self, kinds: Sequence[PageKind]) -> Page | None:
        """The page of *kinds* that was queued last."""
        ...

    def sent_page(self) -> Page | None:
        """The page that went out last."""
        ...

    def failed_pages(self, limit: int = 20, since: str = "") -> Sequence[Page]:
        """Pages that wait after a try in vain, and the latest that were refused from *since*
        (ISO) on."""
        ...

    def is_seen(self, subject: str) -> bool:
        """Whether the newest card of *subject* was posted."""
        ...

    def last_send(self, subject: str) -> Send | None:
        """The send about *subject* that was queued last."""
        ...

    def unseen_cards(self, limit: int = 20) -> Sequence[Send]:
        """Cards refused for good, of alerts that are not resolved and of storms, of which none was
        paged for it."""
        ...

    def unheard_calls(self, since: str, limit: int = 100) -> Sequence[Send]:
        """Direct messages and posts about critical alerts that nobody takes, refused for good from
        *since* (ISO) on, latest first."""
        ...

    # escalation
    def open_alerts(self, after: str = "", limit: int = 200) -> Sequence[Alert]:
        """Alerts that nobody has taken, by id, from the one behind *after* on."""
        ...

    def escalated(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of *keys* whose step was taken already."""
        ...

    def escalate(self, alert_id: str, rule: Escalating, now: str) -> int:
        """Take the steps that *rule* finds due for the alert as it is now and that were not taken
        yet: queue what they send and page, and write them down. Returns count."""

    def delays(self, since: str, limit: int) -> Sequence[float]:
        """Seconds from a record's eventTime until the first card of its alert was posted, of the
        newest *limit* such cards posted from *since* (ISO) on. Some 1,000 are remembered."""
        ...

    # how the sources are doing
    def heard_of(self, source: str, now: str) -> Heard:
        """What is remembered of *source*; from the first asking on it is watched."""
        ...

    def heard(self, source: str, at: str, gap: float, accounts: Sequence[str] = ()) -> None:
        """Records of *source* came at *at* (ISO), after *gap* seconds without any. The longest
        gap of a day is remembered for seven days, the *accounts* that they were of for good."""
        ...

    def how_many_unreadable(self, source: str, since: str, until: str) -> int:
        """What of *source* could not be read, noted from *since* to *until* (ISO), both
        included, and was not read since."""
        ...

    def trouble(self, source: str, rule: str, now: str) -> Trouble:
        """*rule* finds *source* in trouble: a new one *now*, or the one that goes on."""
        ...

    def trouble_told(self, trouble: Trouble, told: int) -> None:
        """So many findings of *trouble* are stored."""
        ...

    def trouble_over(self, source: str, rule: str, now: str) -> bool:
        """*rule* finds *source* well; True where it was in trouble until now."""
        ...

    def troubles_over(self, since: str) -> Sequence[Trouble]:
        """Troubles that ended from *since* (ISO) on and did not come back, latest first."""
        ...

    # ledger
    def links(self, after: int = 0, limit: int = 500) -> Sequence[Link]:
        """The ledger's links in order, from sequence number *after* + 1."""
        ...

    def verify(self, head: str | None = None) -> Chain:
        """Check the whole chain. *head* is a hash that was noted earlier and must be in it."""
        ...

    def head(self) -> tuple[int, str]:
        """(length, hash) of the ledger's last link."""
        ...

    # upkeep
    def quiet(self) -> Mapping[str, int]:
        """How much people are not disturbed by now: `snoozes.on`, `snoozes.asked`,
        `exemptions.on`, and `alerts.held`, those not resolved without a card. They are in `counts`
        too."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Totals by name: records, findings, alerts, alerts.open, sends.waiting, …"""
        ...

    def prune(self, *, records_before: str, evidence_before: str) -> Mapping[str, int]:
        """Drop what has passed its retention. The ledger is never touched."""
        ...

    def fade(self, *, at: str, half_life_days: float, traces_before: str) -> Mapping[str, int]:
        """Drop what baselines learned and that has faded by *at*, and what could be taken back of
        records before *traces_before*. `Kept.epoch` rises where anything went."""
        ...

    def job_ran(self, name: str, at: str) -> None:
        """Remember that job *name* succeeded at *at*."""
        ...

    def last_run(self, name: str) -> str | None:
        """When job *name* last succeeded."""
        ...

    def close(self) -> None:
        """Let go of the files. Safe to call twice."""
        ...


# ── people and Slack ────────────────────────────────────────────────────────


class Directory(Protocol):
    """Who people are, according to Slack. Cached: `known` never waits."""

    def known(self, user: str, team: str, groups: Sequence[str] = ()) -> Member | None:
        """What is known without asking; None where we would have to ask.

        *groups* are the user groups of which one is enough: whether it is so must be known.
        """
        ...

    def look_up(self, user: str, team: str, groups: Sequence[str] = ()) -> Member:
        """Ask Slack what `known` does not know. Raises Unavailable where it does not answer."""
        ...

    def refusal(self, user: str) -> str:
        """Why the last look-up of *user* came to nothing, some minutes ago at most: a sentence, ""
        where it did or there was none."""
        ...

    def forget(self, name: str | None = None) -> None:
        """Drop what is known of one person or one user group, or of everybody."""
        ...

    def refresh(self) -> None:
        """Ask Slack again about everybody whom the settings name, ahead of need.

        Takes as long as Slack's limits make it take; returns at once where one is under way.
        """
        ...


class Opened(Struct, frozen=True, kw_only=True):
    """A modal as it was opened; Slack gives it another *hash* with every change."""

    id: str
    hash: str


class Dialogs(Protocol):
    """Modals. The only Slack call made before an ack."""

    def open(self, trigger_id: str, view: dict[str, Any]) -> Opened:
        """Open *view*. Raises Unavailable or Refused (a trigger lives 3 s and works once)."""
        ...


class Pictures(Protocol):
    """Pictures in modals: they come after the words, and where they cannot, the words stand."""

    def show(
        self,
        opened: Opened,
        chart: Callable[[], Timeline],
        view: Callable[[str], dict[str, Any]],
    ) -> None:
        """Draw what *chart* says, and show in the modal what *view* makes of the picture's file.

        Returns at once; both are called later, on another thread. Never raises.
        """
        ...

    def tidy(self) -> None:
        """Delete the files that have been there for long. Raises Unavailable or Refused."""
        ...

    def error(self) -> str:
        """Why pictures do not come, and how many did not since they last did; or ""."""
        ...


class Channel(Struct, frozen=True, kw_only=True):
    """What Slack says of a channel. *shared*: people of another workspace are in it or could be;
    *member*: we are in it."""

    id: str
    name: str = ""
    private: bool = False
    shared: bool = False
    archived: bool = False
    member: bool = False


class Rooms(Protocol):
    """The channels of the workspace, and those who are called."""

    def channel(self, channel: str) -> Channel:
        """The channel with this id, as it is now. Raises Unavailable or Refused."""
        ...

    def member(self, user: str) -> Member:
        """Who that is, as it is now. Raises Unavailable or Refused."""
        ...

    def group_members(self, group: str) -> Sequence[str]:
        """The user ids in a user group, as it is now. Raises Unavailable or Refused."""
        ...


class Outbox(Protocol):
    """Durable sends."""

    def wake(self) -> None:
        """Something was queued: look now."""
        ...


class Contact(Struct, frozen=True, kw_only=True):
    """How the sender gets on with Slack.

    *lost_for* is for how long nothing could be sent, *why* the last reason. *answered* is true
    once Slack has answered since we started.
    """

    lost_for: timedelta = timedelta()
    why: str = ""
    answered: bool = False


class Pager(Protocol):
    """What wakes people where Slack does not."""

    def publish(self, page: Page) -> None:
        """Send *page* out. Raises Unavailable (try again) or Refused."""
        ...


class Feed(Struct, frozen=True, kw_only=True):
    """How a source is doing. Times are ISO or "".

    *last_at* is when records last came, *delivered_at* when anything did. *error* is why it
    cannot be read now, *failing_since* for how long. *waited* are the most seconds that a
    delivery of the last minutes had waited for us; None where none came. *accounts* are those
    that its records were of.
    """

    name: str
    records: int = 0
    last_at: str = ""
    error: str = ""
    failing_since: str = ""
    delivered_at: str = ""
    waited: float | None = None
    accounts: tuple[str, ...] = ()


class Pulse(Protocol):
    """How the running process is doing."""

    def feeds(self) -> Sequence[Feed]:
        """One per source."""
        ...

    def sender_error(self) -> str:
        """Why nothing can be sent at all, or ""."""
        ...

    def job_errors(self) -> Mapping[str, str]:
        """Job → why its last run failed, for those that did."""
        ...

    def channel_warnings(self) -> Sequence[str]:
        """What is wrong with the channels that alerts go to, and what to do, a sentence each."""
        ...

    def checkups(self) -> Sequence[Checkup]:
        """How each source was when it was last looked at; none before the first look."""
        ...

    def baselines(self) -> str:
        """One sentence on what is usual for whom: off, warming up, or today's budget used."""
        ...


class Rules(Protocol):
    """The rules that are on."""

    def facts(self) -> Sequence[RuleFacts]:
        """Every rule and then every correlation, each time ours first."""
        ...

    def named(self, name: str) -> RuleFacts:
        """The rule or correlation called *name*. Raises BadInput with the nearest name where there
        is none."""
        ...

    def refused(self) -> Sequence[LeftOut]:
        """The files of users' folders that were left out."""
        ...

    def shadows(self) -> Sequence[Shadowed]:
        """What each rule and correlation in the shadow would have said in the last week."""
        ...

    def covered(self) -> Covered:
        """What the rules look at."""
        ...

    def warnings(self) -> Sequence[str]:
        """What is wrong with the rules, a sentence each."""
        ...

    def reload(self) -> str:
        """Read all rules anew; says how many are on. Raises BadInput where the old ones stay."""
        ...


@dataclass(frozen=True)
class Bot:
    """Everything a handler or job needs, made once by `wiring.build`."""

    store: Store
    clock: Clock
    directory: Directory
    dialogs: Dialogs
    pictures: Pictures
    outbox: Outbox
    pulse: Pulse
    rules: Rules
    team: str
    people: Mapping[Verb, Allowed]
    instances: Mapping[str, str] = field(default_factory=dict)
    """Connect instance id → the name people use for it."""
    pages_to: str = ""
    """The topic that pages go to; "" where nobody is woken."""
