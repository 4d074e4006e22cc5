"""Durable sends: what the store says must be said is said once, at Slack's pace.

One thread claims a send, draws it as things are now, and makes the call. The claim is on disk
before the call, so after a `kill -9` we know which send may have arrived; a post that may have is
looked for by its metadata before it is tried again. Edits are repeated: they say what is true.
Ephemerals are sent at most once.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from bot.errors import Fault, Refused, Unavailable
from bot.model import REPLACED, Lane, Send, SendKind, iso, moment
from bot.ports import Clock, Contact, Store
from bot.slack import refusals
from bot.slack.client import TOKEN_CODES, Posted, SlackClient
from bot.slack.drawing import Drawing
from bot.slack.horizon import Horizon
from bot.slack.pace import Pace, backing_off
from bot.slack.reach import Reach
from bot.slack.refusals import CHANNEL_CODES, Way

log = logging.getLogger(__name__)

DUE_MOST = 600.0
"""Seconds: the longest that a send is put off at a time; what Slack holds longer, the pace does."""

PATIENT_TRIES = 3
"""Unanswered tries after which a send makes room for others between its tries."""

LOOK_BACK = timedelta(hours=24)
"""How far before our own clock's reading an ambiguous post is looked for: clocks differ."""

ASK_AGAIN = 300.0
"""Seconds between two questions whether a refused token is accepted again."""


class SlackOutbox:
    """`ports.Outbox`, and the sender behind it."""

    def __init__(
        self,
        store: Store,
        client: SlackClient,
        clock: Clock,
        *,
        fallback: str,
        instances: Mapping[str, str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*fallback* is the channel for a card whose own channel refuses it."""
        self._store = store
        self._client = client
        self._clock = clock
        self._fallback = fallback
        self._drawing = Drawing(store, instances)
        self._monotonic = monotonic
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._pace = Pace(monotonic())
        self._reach = Reach()
        self._failures = 0
        self._halted_at = 0.0
        self._recovered = False
        self._horizon = Horizon()
        self.error = ""
        """Why nothing can be sent, as a sentence; "" while all is well."""

    def when_set_back(self, tell: Callable[[], None]) -> None:
        """Have *tell* called whenever the wall clock turns out to have been set back."""
        self._horizon.when_set_back = tell

    def contact(self) -> Contact:
        """How we get on with Slack, by our own sends."""
        return self._reach.contact(self._monotonic(), halted=bool(self.error))

    # ── the thread ──────────────────────────────────────────────────────────

    def wake(self) -> None:
        """Something was queued: look now."""
        self._bell.set()

    def stop(self) -> None:
        """Finish the send under way and return from `run`."""
        self._stopping.set()
        self._bell.set()

    def run(self) -> None:
        """Send until stopped."""
        while not self._stopping.is_set():
            self._bell.clear()
            wait = self._turn()
            if wait > 0 and not self._stopping.is_set():
                self._bell.wait(wait)

    def _turn(self) -> float:
        """`step`, but a fault of the store or a bug of ours is said and does not end sending."""
        try:
            if not self._recovered:
                self.recover()
            return self.step()
        except Exception:
            log.exception("The sender stumbled; it goes on.")
            # A send that was under way is neither sent nor waiting: nobody else takes it up.
            self._recovered = False
            return 1.0

    def recover(self) -> None:
        """What was under way when we died waits again; the pace takes up where it was."""
        again = self._store.recover_sends(iso(self._clock.now()))
        if again:
            log.warning("%d send(s) were cut off or refused; they are tried again.", again)
        now = self._clock.now()
        ago = {
            channel: max(0.0, (now - at).total_seconds())
            for channel, text in self._store.last_posts().items()
            if (at := moment(text)) is not None
        }
        self._pace.recall(ago, self._monotonic())
        self._recovered = True

    def step(self) -> float:
        """Make one send, if one may go. Returns seconds until it is worth looking again."""
        mono, now = self._monotonic(), self._clock.now()
        patience = self._horizon.at(now, mono)
        if self.error and not self._accepted_again(mono):
            return 30.0
        if held := self._pace.held(mono):
            return held
        due = self._store.next_due()
        if due is None:
            return 30.0
        stamp, horizon = iso(now), iso(now + patience)
        if stamp < due <= horizon:
            return self._until(due, now)
        send = self._store.claim_send(
            stamp,
            horizon=horizon,
            closed=self._pace.closed(mono),
            posts=self._pace.posts(mono),
            edits=self._pace.edits(mono),
            whispers=self._pace.whispers(mono),
        )
        if send is None:
            # At most a second: another send may become due before what is closed now opens.
            return min(self._pace.wait(mono) or 1.0, 1.0)
        self._make(send)
        return 0.0

    def _accepted_again(self, mono: float) -> bool:
        """Ask every few minutes whether Slack takes our token again; it may have been a mishap."""
        if mono - self._halted_at < ASK_AGAIN:
            return False
        self._halted_at = mono
        try:
            self._client.identity()
        except Fault:
            return False
        log.warning("Slack accepts our token again; what waited is sent now.")
        self._reach.answered()
        self.error = ""
        self._recovered = False
        self.recover()
        return True

    @staticmethod
    def _until(due: str, now: datetime) -> float:
        at = moment(due)
        return min(30.0, max(0.01, (at - now).total_seconds())) if at else 1.0

    # ── one send ────────────────────────────────────────────────────────────

    def _make(self, send: Send) -> None:
        try:
            posted = self._deliver(send)
        except Refused as error:
            self._refused(send, error)
        except Unavailable as error:
            self._later(send, error)
        except Fault as error:
            self._give_up(send, error.sentence)
        except Exception as error:  # noqa: BLE001 - counted, logged and shown by _broke
            self._broke(send, error)
        else:
            self._failures = 0
            self._heard(send)
            self._store.send_done(send, posted.channel, posted.ts, iso(self._clock.now()))

    def _deliver(self, send: Send) -> Posted:
        if send.kind is SendKind.EDIT:
            message = self._drawing.message(send)
            self._pace.edited(self._monotonic())
            return self._client.edit(send.channel, send.ts, message)
        if send.kind is SendKind.EPHEMERAL:
            message = self._drawing.message(send)
            self._pace.whispered(self._monotonic())
            self._client.whisper(send.channel, send.user, message)
            return Posted(send.channel, "")
        if send.kind is SendKind.DM:
            return self._post(send, self._client.open_dm(send.channel), "")
        return self._post(send, send.channel, send.ts if send.kind is SendKind.NOTE else "")

    def _post(self, send: Send, channel: str, thread_ts: str) -> Posted:
        if send.ambiguous and (found := self._find(send, channel, thread_ts)):
            log.info("Send %s had arrived.", send.id)
            return found
        message = self._drawing.message(send)
        try:
            aloud = bool(send.body.get("broadcast"))
            return self._client.post(channel, message, send.id, thread_ts, broadcast=aloud)
        except Unavailable as error:
            if error.retry_after is not None:
                self._pace.too_soon(send.channel, error.retry_after, self._monotonic())
            raise
        finally:
            # The send's own channel (a user id for a DM) is what the next claim is checked by.
            self._pace.posted(send.channel, self._monotonic())

    def _find(self, send: Send, channel: str, thread_ts: str) -> Posted | None:
        """The message an earlier try may have left. Where we may not look it is posted again: an
        alert seen twice is better than one never seen."""
        try:
            return self._client.find(channel, send.id, _slack_time(send.tried_at), thread_ts)
        except Refused as error:
            if error.code in TOKEN_CODES | CHANNEL_CODES:
                raise
            log.error("%s Send %s may come twice.", error.sentence, send.id)
            return None

    def _heard(self, send: Send) -> None:
        """Slack took *send*, or refused it."""
        if send.kind in (SendKind.EDIT, SendKind.EPHEMERAL):
            self._reach.answered()
        else:
            self._reach.posted(send.channel)

    # ── what went wrong ─────────────────────────────────────────────────────

    def _later(self, send: Send, error: Unavailable) -> None:
        """Try again: after Slack's own time, or backing off."""
        if error.retry_after is not None:
            wait = error.retry_after
            self._slow_down(send, wait, error)
        else:
            self._failures += 1
            self._reach.failed(error.sentence, self._monotonic())
            pause = backing_off(self._failures)
            self._pace.hold_all(pause, self._monotonic())
            # Where Slack answers others, one message that it chokes on must not go first again.
            own = backing_off(send.attempts) + 1.0 if send.attempts >= PATIENT_TRIES else 0.0
            wait = max(pause, own)
        log.warning("%s Again in %.1f s (send %s).", error.sentence, wait, send.id)
        if send.kind is SendKind.EPHEMERAL and error.ambiguous:
            self._give_up(send, f"{error.sentence} It is sent at most once.")
            return
        ambiguous = send.ambiguous or (error.ambiguous and send.kind is not SendKind.EDIT)
        due = iso(self._clock.now() + timedelta(seconds=min(wait, DUE_MOST)))
        self._store.send_again(send, due, error.sentence, ambiguous)

    def _slow_down(self, send: Send, wait: float, error: Unavailable) -> None:
        """Slack named a time: it holds what shares the limit, and nothing else."""
        mono = self._monotonic()
        if send.kind is SendKind.EDIT:
            self._pace.hold_edits(wait, mono)
        elif send.kind is SendKind.EPHEMERAL:
            self._pace.hold_whispers(wait, mono)
        else:
            self._pace.hold_channel(send.channel, wait, mono)
            why, urgent = error.sentence, send.lane is Lane.CRITICAL
            self._reach.slowed(send.channel, why, mono, min(wait, DUE_MOST), urgent=urgent)

    def _refused(self, send: Send, error: Refused) -> None:
        """Slack said no. Where another way is left it is taken; else it is shown."""
        now = iso(self._clock.now())
        way = refusals.way(send, error.code, self._fallback)
        if way is Way.HALT:
            self._halt(send, error.code)
            return
        self._heard(send)
        log.error("%s (send %s of %s: %s)", error.sentence, send.id, send.subject, way.name)
        if way is Way.PLAIN:
            self._again_as(send, body={**send.body, "plain": True})
        elif way is Way.FALLBACK:
            self._again_as(send, channel=self._fallback)
        elif way is Way.ANEW_FIRST:
            self._store.queue([refusals.card_anew(send)], now)
            self._again_as(send)
        elif way is Way.ANEW:
            self._store.queue([refusals.card_anew(send)], now)
            self._give_up(send, f"{REPLACED}{error.sentence}")
        elif way is Way.ELSEWHERE:
            other = refusals.said_elsewhere(send, self._fallback, error.sentence)
            self._store.queue([other], now)
            self._give_up(send, error.sentence)
        elif way is Way.DIRECTLY:
            self._store.queue([refusals.said_directly(send)], now)
            self._give_up(send, f"{REPLACED}{error.sentence}")
        else:
            self._give_up(send, error.sentence)

    def _halt(self, send: Send, code: str) -> None:
        self.error = f"Slack does not accept our token ({code}). Put in a new one."
        self._halted_at = self._monotonic()
        self._reach.failed(self.error, self._halted_at)
        log.critical("%s Nothing can be sent until then.", self.error)
        self._store.send_refused(send, f"token: {code}", iso(self._clock.now()))

    def _again_as(
        self, send: Send, *, channel: str = "", body: dict[str, object] | None = None
    ) -> None:
        changed = msgspec.structs.replace(
            send, channel=channel or send.channel, body=send.body if body is None else body
        )
        self._store.send_again(changed, iso(self._clock.now()), "", ambiguous=False)

    def _give_up(self, send: Send, why: str) -> None:
        log.error("Send %s (%s of %s) is given up: %s", send.id, send.kind, send.subject, why)
        self._store.send_refused(send, why, iso(self._clock.now()))

    def _broke(self, send: Send, error: Exception) -> None:
        """Our own bug: try a few times, in case it passes, then show it."""
        name = uuid.uuid4().hex[:8]
        log.exception("Send %s broke (fault %s).", send.id, name, exc_info=error)
        why = f"fault {name} in the log ({type(error).__name__})"
        if send.attempts >= refusals.TRIES or send.kind is SendKind.EPHEMERAL:
            self._give_up(send, why)
            return
        due = iso(self._clock.now() + timedelta(seconds=2.0**send.attempts))
        self._store.send_again(send, due, why, ambiguous=send.kind is not SendKind.EDIT)


def _slack_time(tried_at: str) -> str:
    """Where to start looking, as Slack writes time, with room for clocks that differ."""
    at = moment(tried_at)
    return f"{(at - LOOK_BACK).timestamp():.6f}" if at else "0"
