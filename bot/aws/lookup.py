"""CloudTrail's event history as a source: LookupEvents, which needs credentials and no trail.

The history shows management events of the last 90 days, newest first, 50 a page, in two requests a
second for an account and Region, and shows them minutes late. So we look at a window that reaches
back OVERLAP before what we have read, in slices, oldest first; what was handed over from it before
is left out. A window takes as long as its pages take: at R events a second some 900 R / (100 - R)
seconds, and above 100 a second it can never be read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

from bot.aws.clients import Aws, History
from bot.aws.faults import code_of, translated
from bot.aws.paging import FEWEST, PACE, PAGE, PAGES_MOST, Pace, Rate, Slices
from bot.aws.stretch import LookupDelivery, Stretch
from bot.errors import Unavailable
from bot.model import Backlog, iso, moment
from bot.ports import Clock, Cursors

log = logging.getLogger(__name__)

ACTION = "cloudtrail:LookupEvents"

OVERLAP = timedelta(minutes=15)
"""The history may show an event so late."""

KEPT = timedelta(days=90) - timedelta(minutes=5)
"""How far the history reaches back, less what a clock may be wrong by."""

EVERY = 15.0
"""Seconds from the beginning of a window to that of the next, at least: sooner shows nothing new,
and others in the account have to share the two requests a second with us."""

SEEN_MOST = 200_000
"""Event ids that are remembered as handed over; the store knows the others."""

_PATIENCE = (1.0, 2.0, 4.0, 8.0)
"""Seconds until a request that was throttled is made again."""


class HistorySettings(Protocol):
    """What is needed to know of a history; `settings.SourceSettings` is one."""

    @property
    def called(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def since_hours(self) -> float: ...


def lookup_source(
    settings: HistorySettings, aws: Aws, cursors: Cursors, clock: Clock
) -> LookupSource:
    """The source that *settings* describe. Call it in the main thread: it makes the client.

    Raises BadInput where no client can be made.
    """
    client = aws.cloudtrail(settings.region, settings.role_arn)
    return LookupSource(
        client=client,
        cursors=cursors,
        clock=clock,
        name=settings.called,
        place=f"lookup-events {client.meta.region_name} {settings.role_arn or ''}".rstrip(),
        since=timedelta(hours=settings.since_hours),
        pace=aws.lookup_pace(settings.region, settings.role_arn),
    )


class LookupSource:
    """A `ports.Source`, and the `ports.Gauge` of it, over one account's history in one Region.

    *place* is the name of its cursor, *since* how far back the first reading goes, *pages_most* how
    many pages are held at a time. *timer* and *rest* are the seconds that pass and the waiting for
    them.
    """

    def __init__(
        self,
        *,
        client: History,
        cursors: Cursors,
        clock: Clock,
        name: str,
        place: str,
        since: timedelta,
        pace: Pace | None = None,
        pages_most: int = PAGES_MOST,
        timer: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        self.name = name
        self._client = client
        self._cursors = cursors
        self._clock = clock
        self._place = place
        self._since = since
        self._pace = pace or Pace(PACE)
        self._pages_most = pages_most
        self._timer = timer
        self._rest = rest
        self._slices: Slices | None = None
        self._slice: Stretch | None = None
        self._next_at = float("-inf")
        self._throttled = 0
        self._told = False
        self._lost: tuple[datetime, datetime] | None = None
        self._seen: dict[str, datetime] = {}
        self._length = timedelta(hours=1)
        self._rate = Rate()

    # ── Source ──────────────────────────────────────────────────────────────

    def receive(self, wait: float) -> Sequence[LookupDelivery]:
        """What a slice of time held that was not handed over before; empty where it is not yet
        read after *wait* seconds. The reading goes on with the next call.

        Raises Unavailable where AWS does not answer or throttles on, Refused.
        """
        ends = self._timer() + wait
        while True:
            if self._slice is None and not self._begin_slice(ends):
                return ()
            assert self._slice is not None
            if not self._turn(ends):
                return ()
            if not self._read_page(self._slice):
                continue
            if delivery := self._read_whole(self._slice):
                return (delivery,)

    def close(self) -> None:
        """What was not stored is read again by whoever comes next."""

    # ── Gauge ───────────────────────────────────────────────────────────────

    def measure(self) -> Backlog:
        """How far behind it is. There is no queue: nothing waits and nothing is given up."""
        known = self._cursors.cursor(self._place)
        if known is None:
            return Backlog(waiting=0, dead=0)
        now = self._clock.now()
        # History that was there at the first start is not late.
        read = max(moment(known.at) or now, moment(known.since) or now)
        behind = max(0.0, (now - read).total_seconds())
        return Backlog(waiting=0, dead=0, behind=behind, why=self._why())

    def _why(self) -> str:
        if self._rate.a_second <= FEWEST:
            return ""
        return (
            f": it has some {self._rate.a_second:.0f} events a second, and LookupEvents gives "
            f"{FEWEST:.0f} at most, so that it cannot be followed this way. "
            "Use a trail with a queue"
        )

    # ── windows and slices ──────────────────────────────────────────────────

    def _begin_slice(self, ends: float) -> bool:
        """Begin the next slice, of the next window where it is due before *ends*."""
        if self._slices is None:
            if not self._until(self._next_at, ends):
                return False
            self._slices = self._window()
            self._next_at = self._timer() + EVERY
        start, end = self._slices.next(self._length)
        self._slice = Stretch(start, end)
        return True

    def _window(self) -> Slices:
        if not self._told:
            self._told = True
            log.info(
                "%s follows the event history: management events only, minutes late, and a Region "
                "of more than %.0f events a second cannot be followed this way.",
                self.name,
                FEWEST,
            )
        now = self._clock.now().replace(microsecond=0)
        known = self._cursors.cursor(self._place)
        if known is None:
            self._cursors.read_up_to(self._place, iso(now - self._since), iso(now))
            return Slices(max(now - self._since, now - KEPT), now)
        read = moment(known.at) or now
        if read > now + OVERLAP:
            log.warning(
                "%s was read up to %s, which is still to come: the clock was set back. The last "
                "%g hours are read again.",
                self.name,
                known.at,
                self._since / timedelta(hours=1),
            )
            read = now - self._since
            self._cursors.read_up_to(self._place, iso(read), iso(now))
        start = min(read, now) - OVERLAP
        if start < now - KEPT:
            start = now - KEPT
            if read < start:
                self._lost = (read, start)
        return Slices(start, now)

    def _read_whole(self, done: Stretch) -> LookupDelivery | None:
        """The slice is read: a delivery of what is new in it, None where nothing is."""
        self._rate.note(len(done.events), done.span)
        if done.pages * 4 <= self._pages_most:
            self._length = min(self._length * 2, timedelta(days=1))
        fresh = [one for one in reversed(done.events) if one.get("EventId") not in self._seen]
        if fresh or self._lost:
            fresh.sort(key=lambda event: event.get("EventTime", done.start))
            return LookupDelivery(
                name=self.name,
                stretch=done,
                events=fresh,
                lost=self._lost,
                stored=lambda: self._all_stored(done, fresh),
                again=self._again,
            )
        self._all_stored(done, ())
        return None

    def _again(self) -> None:
        """The slice under way is read again from its newest page."""
        if self._slice is not None:
            self._slice = Stretch(self._slice.start, self._slice.end)

    def _all_stored(self, done: Stretch, events: Sequence[Any]) -> None:
        """*events*, all that was new in a slice, are stored: the cursor moves on."""
        self._lost = None
        now = self._clock.now()
        known = self._cursors.cursor(self._place)
        if known is None or iso(done.end) > known.at:
            self._cursors.read_up_to(self._place, iso(done.end), iso(now))
        for event in events:
            if len(self._seen) < SEEN_MOST and "EventId" in event:
                self._seen[event["EventId"]] = event.get("EventTime", done.end)
        self._slice = None
        assert self._slices is not None
        if self._slices.over:
            self._slices = None
            oldest = done.end - OVERLAP - timedelta(minutes=1)
            self._seen = {key: at for key, at in self._seen.items() if at >= oldest}

    # ── requests ────────────────────────────────────────────────────────────

    def _turn(self, ends: float) -> bool:
        """Wait for our turn; False where it comes only after *ends*."""
        return self._until(self._pace.next_at(self._timer()), ends)

    def _until(self, at: float, ends: float) -> bool:
        now = self._timer()
        if at > max(now, ends):
            self._rest(max(0.0, ends - now))
            return False
        if at > now:
            self._rest(at - now)
        return True

    def _read_page(self, into: Stretch) -> bool:
        """One request. True where *into* is read to its end."""
        asked: dict[str, Any] = {"StartTime": into.start, "EndTime": into.end, "MaxResults": PAGE}
        if into.token:
            asked["NextToken"] = into.token
        self._pace.taken(self._timer())
        try:
            with translated(ACTION, self.name):
                answer = self._client.lookup_events(**asked)
        except Unavailable as fault:
            if not _is_throttling(fault) or self._throttled >= len(_PATIENCE):
                self._throttled = 0
                raise
            self._pace.pause(self._timer(), _PATIENCE[self._throttled])
            self._throttled += 1
            return False
        except Exception as error:
            if _code(error) == "InvalidNextTokenException" and into.token:
                log.info("%s: a page of the history was no longer there; once more.", self.name)
                self._again()
                return False
            # What was read stays as it was; the window begins anew, with the clock as it is then.
            self._slice = self._slices = None
            raise
        self._throttled = 0
        into.pages += 1
        into.events += answer.get("Events", [])
        into.token = answer.get("NextToken", "")
        if into.token and into.pages >= self._pages_most and into.span > timedelta(seconds=1):
            self._cut(into)
            return False
        return not into.token

    def _cut(self, long: Stretch) -> None:
        """So many events at once would fill the memory: a shorter slice, from the same start."""
        reached = min(event.get("EventTime", long.start) for event in long.events)
        self._length = max(timedelta(seconds=1), min((long.end - reached) * 0.75, long.span / 2))
        self._length = timedelta(seconds=int(self._length.total_seconds()))
        assert self._slices is not None
        self._slice = Stretch(long.start, self._slices.shorten(long.start, self._length))


def _code(error: Exception) -> str:
    cause = error.__cause__
    return code_of(cause) if isinstance(cause, ClientError) else ""


def _is_throttling(fault: Unavailable) -> bool:
    return "Thrott" in _code(fault)
