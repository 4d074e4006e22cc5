"""The thread that wakes people: it works the queue of pages, and watches Slack for what wakes.

It needs the store and the topic, and nothing of Slack's, so it works where Slack does not. A page
is claimed on disk before it goes out and settled after it: one that may have gone out when we were
killed goes out again. Twice is better than never.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot import paging
from bot.errors import Fault, Unavailable
from bot.model import PAGING, Alert, AlertState, Page, PageKind, Send, iso
from bot.ports import Clock, Contact, Pager, Store

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""

AT_ONCE = 100
"""Pages that are claimed together."""

TRIES = 5
"""What AWS refuses it may allow a moment later: a key was renewed, a policy mended. After so many
tries people are told that they cannot be paged."""

RETRY = 180.0
"""Seconds between two tries from then on, for as long as somebody is still needed."""

WAIT_MOST = 60.0
"""Seconds: the longest we wait by ourselves between two tries."""

ASKED_MOST = 900.0
"""Seconds that AWS may ask us to wait."""

HORIZON = timedelta(hours=1)
"""No page waits for so long; a later due time means that the clock was set back."""

SNOOZED_AGAIN = timedelta(minutes=1)
"""How often we look whether a page's alert is snoozed still."""

UNHEARD = timedelta(days=1)
"""How long ago a call may have been refused that somebody is still paged for: we may be down."""

_ABOUT_ALERTS = frozenset({PageKind.UNTAKEN, PageKind.UNSEEN})
_ABOUT_SLACK = (PageKind.SLACK_DOWN, PageKind.SLACK_BACK)


class Pages:
    """Sends pages until stopped.

    *contact* says how the sender gets on with Slack; after *patience* of silence somebody is
    woken. *instances* names Connect instances by id. *channel* is told that nobody can be paged,
    and *wake* tells the sender so.
    """

    def __init__(
        self,
        store: Store,
        pager: Pager,
        clock: Clock,
        contact: Callable[[], Contact],
        *,
        patience: timedelta,
        instances: Mapping[str, str],
        channel: str,
        wake: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._pager = pager
        self._clock = clock
        self._contact = contact
        self._patience = patience
        self._instances = instances
        self._channel = channel
        self._wake = wake
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._recovered = False
        self._muted = False
        self._unheard: frozenset[str] = frozenset()
        self._failures = 0
        self._opens = monotonic()

    # ── the thread ──────────────────────────────────────────────────────────

    def stop(self) -> None:
        """Finish the page under way and return from `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Look, send, wait, until stopped. A fault of the store or a bug of ours ends nothing."""
        while not self._stopping.is_set():
            try:
                self.step()
            except Exception:
                log.exception("The pager stumbled; it goes on.")
                # A page that was under way is neither sent nor waiting: nobody else takes it up.
                self._recovered = False
            self._stopping.wait(EVERY)

    def step(self) -> None:
        """Queue what Slack is worth, and send what is due."""
        now = iso(self._clock.now())
        if not self._recovered:
            if again := self._store.recover_pages(now):
                log.warning("%d page(s) were cut off or refused; they are tried again.", again)
            self._muted = paging.is_muted(self._store.last_send(PAGING))
            self._recovered = True
        self._watch_slack(now)
        self._watch_cards(now)
        self._watch_calls(now)
        if self._monotonic() >= self._opens:
            self._send(self._claimed(now))

    # ── what Slack is worth ─────────────────────────────────────────────────

    def _watch_slack(self, now: str) -> None:
        page = paging.watch(
            self._contact(),
            self._store.last_page(_ABOUT_SLACK),
            self._patience,
            self._clock.now(),
            lambda: self._store.counts().get("sends.waiting", 0),
        )
        if page:
            self._store.queue_page(page, now)

    def _watch_cards(self, now: str) -> None:
        """A card that Slack refuses for good is an alert that nobody sees, or a storm of them."""
        for card in self._store.unseen_cards():
            if alert := self._store.alert(card.subject):
                self._store.queue_page(paging.unseen(alert, card.error, self._instances), now)
            elif storm := self._store.storm(card.subject):
                tally = self._store.tally(storm.id)
                self._store.queue_page(paging.unseen_storm(storm, tally, card.error), now)

    def _watch_calls(self, now: str) -> None:
        """Where one who was called cannot be reached, those who are paged hear of it."""
        calls = self._store.unheard_calls(iso(self._clock.now() - UNHEARD))
        for call in calls:
            if call.id not in self._unheard and (alert := self._open(call)):
                self._store.queue_page(paging.unheard(alert, call, self._instances), now)
        self._unheard = frozenset(call.id for call in calls)

    def _open(self, call: Send) -> Alert | None:
        """The first alert of *call* that still nobody has taken."""
        named: Any = call.body.get("untaken", ())
        found = (self._store.alert(alert_id) for alert_id, _ in named)
        return next((one for one in found if one and one.state is AlertState.OPEN), None)

    # ── sending ─────────────────────────────────────────────────────────────

    def _claimed(self, now: str) -> list[Page]:
        """What is due and still needed."""
        horizon = iso(self._clock.now() + HORIZON)
        pages: list[Page] = []
        while len(pages) < AT_ONCE and (page := self._store.claim_page(now, horizon)):
            if self._snoozed(page, now):
                # Not dropped: its step is taken, so nothing else would ring when the snooze ends.
                self._store.page_later(page, iso(self._clock.now() + SNOOZED_AGAIN))
            elif spared := self._spared(page):
                entry = paging.entry(page, "dropped", now)
                self._store.page_dropped(page, spared, entry)
            else:
                pages.append(page)
        return pages

    def _snoozed(self, page: Page, now: str) -> bool:
        """Somebody may have snoozed the alert while its page waited."""
        alert = self._store.alert(page.subject) if page.kind is PageKind.UNTAKEN else None
        if alert is None or alert.state is not AlertState.OPEN:
            return False
        return any(one.quiets(alert, now) for one in self._store.snoozes_about(alert))

    def _spared(self, page: Page) -> str:
        """Why *page*, which may have waited for long, need not go out any more, or ""."""
        if page.kind is PageKind.SLACK_DOWN:
            contact = self._contact()
            return "Slack answers." if contact.answered and not contact.why else ""
        if page.kind not in _ABOUT_ALERTS:
            return ""
        if page.kind is PageKind.UNSEEN and self._store.is_seen(page.subject):
            return "Slack shows it."
        if page.kind is PageKind.UNTAKEN and self._store.storm(page.subject):
            left = self._store.left_by_storms()
            return "" if any(one.storm.id == page.subject for one in left) else "Somebody has them."
        if self._store.storm(page.subject):
            return "" if self._store.tally(page.subject).unresolved else "All are resolved."
        alert = self._store.alert(page.subject)
        over = {PageKind.UNTAKEN: {AlertState.TAKEN, AlertState.RESOLVED}}
        if alert is None or alert.state in over.get(page.kind, {AlertState.RESOLVED}):
            return "Somebody has it."
        return ""

    def _send(self, pages: Sequence[Page]) -> None:
        """One by one; many about alerts as one, for each is a call in the night."""
        about = [page for page in pages if page.kind in _ABOUT_ALERTS]
        groups = [[page] for page in pages]
        if len(about) > paging.TOGETHER:
            groups = [[page] for page in pages if page not in about] + [about]
        for place, group in enumerate(groups):
            if not self._made(group):
                for left in groups[place + 1 :]:
                    self._again(left, 0.0, "")
                return

    def _made(self, group: list[Page]) -> bool:
        """Publish one page for *group*; False where nothing else should be tried now."""
        page = group[0] if len(group) == 1 else paging.together(group)
        try:
            self._pager.publish(page)
        except Unavailable as error:
            self._failures += 1
            asked = error.retry_after
            wait = _backing_off(self._failures) if asked is None else min(asked, ASKED_MOST)
            self._opens = self._monotonic() + wait
            log.warning("%s The page is tried again in %.0f s.", error.sentence, wait)
            if self._failures >= TRIES:
                self._mute(error.sentence)
            self._again(group, wait, error.sentence)
            return False
        except Fault as error:
            self._refused(group, error.sentence)
            return True
        except Exception as error:
            log.exception("A page broke.")
            self._refused(group, f"It broke ({type(error).__name__}); the log has more.")
            return True
        self._failures = 0
        self._sent(group)
        self._unmute()
        return True

    def _sent(self, group: list[Page]) -> None:
        now = iso(self._clock.now())
        more = {"together": len(group)} if len(group) > 1 else {}
        for page in group:
            self._store.page_done(page, paging.entry(page, "sent", now, **more))
            log.info("Paged: %s", page.title)

    def _refused(self, group: list[Page], why: str) -> None:
        now = iso(self._clock.now())
        for page in group:
            if page.attempts < TRIES:
                log.error("%s The page is tried again.", why)
                self._again([page], _backing_off(page.attempts), why)
                continue
            # Said once a page: one that is refused for what it says must not repeat it for ever.
            if not page.done_at:
                log.critical("%s Nobody is woken for: %s", why, page.title)
                self._mute(why)
            entry = paging.entry(page, "refused", now, error=why)
            due = iso(self._clock.now() + timedelta(seconds=RETRY))
            self._store.page_refused(page, due, why, entry)

    def _mute(self, why: str) -> None:
        """Nobody can be paged: people are told in Slack, once."""
        if not self._muted:
            self._muted = True
            self._tell(paging.muted(why, self._clock.now(), self._channel))

    def _unmute(self) -> None:
        """A page went out; where none did for a while, the others are tried at once."""
        if self._muted:
            self._muted = False
            self._recovered = False
            self._tell(paging.unmuted(self._clock.now(), self._channel))

    def _tell(self, send: Send) -> None:
        self._store.queue([send], iso(self._clock.now()))
        self._wake()

    def _again(self, pages: Sequence[Page], wait: float, error: str) -> None:
        due = iso(self._clock.now() + timedelta(seconds=wait))
        for page in pages:
            self._store.page_again(page, due, error)


def _backing_off(tries: int) -> float:
    """Seconds to wait after so many tries in vain."""
    return min(WAIT_MOST, 2.0 ** min(tries, 8))
