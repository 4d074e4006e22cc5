"""Storms: above a rate a channel hears one message that counts, instead of a card for each alert.

calm ──too many cards in a minute──▶ storm ──few for so long──▶ calm.
While a storm lasts, new cards of the channel are held back: their alerts are stored, counted in
the storm's message and listed on request. Critical alerts neither count nor are ever held back,
and one that rises to critical gets its card at once, as does one that somebody asks for. After a
storm the first of its high alerts get their cards, a few a minute, so that they are no new flood;
the rest stays listed until somebody opens it, or its next finding brings the card out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from bot.holding import out_by_itself
from bot.model import (
    Alert,
    Entry,
    Lane,
    Level,
    Person,
    Send,
    SendKind,
    Storm,
    iso,
    moment,
    send_id,
    spoken_id,
)
from bot.ports import Bot, Folded, Storming, Watched

MINUTE = timedelta(minutes=1)

EDIT_EVERY = timedelta(seconds=5)
"""How far the storm's message may be behind, so that a thousand alerts are one edit."""

CALM_SHARE = 3
"""A storm is over below a third of the rate that it began at, so that it does not flicker."""

SHOWN_FROM = Level.HIGH
"""Alerts from this level on may get their cards once the storm that held them back is over."""

SHOWN_WITHIN = timedelta(days=1)
"""A channel that stays busy for longer is not told of an old storm any more."""

OURSELVES = "callwarden"
US = Person(user=OURSELVES, team="", name="Callwarden")


class Storms:
    """`ports.Storming`: when a storm begins and ends. *calm* is how long it must be calm for."""

    def __init__(self, *, cards_per_minute: int, calm: timedelta) -> None:
        self._most = cards_per_minute
        self._calm = calm

    def watch(
        self, channel: str, storm: Storm | None, arrived: Callable[[str], int], now: str
    ) -> Watched:
        """Begin above the rate, end where it was calm for long enough, else go on as before."""
        if storm is None:
            cards = arrived(_before(now, MINUTE))
            return self._begun(channel, cards, now) if cards > self._most else Watched()
        if self._is_over(storm, arrived, now):
            return _ended(storm, now)
        return Watched(storm=storm, holds=True, sends=(_counted(storm, now),))

    @staticmethod
    def may_wait(alert: Alert) -> bool:
        """Whether a storm may hold the card back: never that of a critical alert."""
        return alert.level is not Level.CRITICAL

    @staticmethod
    def held_back(alert: Alert, storm: Storm) -> Alert:
        """*alert* in *storm*: nothing is sent about it until somebody asks, or it rises."""
        return msgspec.structs.replace(alert, storm=storm.id, held=storm.id)

    @staticmethod
    def taken_back(alert: Alert, storm: Storm, now: str) -> Entry | None:
        """Of a card that was on its way out; no line says that others ever were."""
        if alert.released is None:
            return None
        body: dict[str, object] = {"storm": storm.id, "held": alert.released.held}
        return Entry(kind="alert.back", subject=alert.id, by=OURSELVES, at=now, body=body)

    def room(self, shown: int, arrived: Callable[[str], int], now: str) -> int:
        """As many a minute as a storm ends at, whatever else comes; in all, a minute's worth of
        what is no storm."""
        a_minute = max(1, self._most // CALM_SHARE)
        return max(0, min(self._most - shown, a_minute - arrived(_before(now, MINUTE))))

    @staticmethod
    def out(alert: Alert, storm: Storm, now: str) -> Folded:
        """*alert* with its card: what calls people about it counts from now."""
        return out_by_itself(alert, f"{storm.id} is over", US, now)

    def _begun(self, channel: str, cards: int, now: str) -> Watched:
        storm = Storm(id=spoken_id("ST", f"{channel}\n{now}", 6), channel=channel, began_at=now)
        body: dict[str, object] = {"channel": channel, "cards": cards, "per_minute": self._most}
        entry = Entry(kind="storm.begin", subject=storm.id, by=OURSELVES, at=now, body=body)
        return Watched(storm=storm, holds=True, entry=entry, sends=(_card(storm, now),))

    def _is_over(self, storm: Storm, arrived: Callable[[str], int], now: str) -> bool:
        since = _before(now, self._calm)
        # A clock that was set back to before the beginning says nothing about how long it lasts.
        if since < storm.began_at <= now:
            return False
        return arrived(since) * CALM_SHARE < self._most * (self._calm / MINUTE)


NEVER = Storms(cards_per_minute=1_000_000_000, calm=MINUTE)
"""No flood is a storm."""


def _ended(storm: Storm, now: str) -> Watched:
    over = msgspec.structs.replace(storm, ended_at=now)
    body: dict[str, object] = {
        "channel": storm.channel,
        "began_at": storm.began_at,
        "alerts": storm.alerts,
    }
    note = Send(
        id=send_id(storm.id, SendKind.NOTE, "over"),
        kind=SendKind.NOTE,
        subject=storm.id,
        channel=storm.channel,
        lane=Lane.ORDINARY,
        body={"storm": "over"},
    )
    return Watched(
        storm=over,
        entry=Entry(kind="storm.end", subject=storm.id, by=OURSELVES, at=now, body=body),
        sends=(_shown(over, now, Lane.ORDINARY), note),
    )


def _counted(storm: Storm, now: str) -> Send:
    """The message, brought up to date in a while."""
    at = moment(now)
    return _shown(storm, iso(at + EDIT_EVERY) if at else now, Lane.QUIET)


def _shown(storm: Storm, due: str, lane: Lane) -> Send:
    """An edit of the message; the message itself while it does not stand, so that one that was
    refused is tried again. Both are drawn as things are then."""
    if not storm.ts:
        return _card(storm, due)
    return Send(
        id=send_id(storm.id, SendKind.EDIT, due),
        kind=SendKind.EDIT,
        subject=storm.id,
        channel=storm.place,
        lane=lane,
        due_at=due,
    )


def _card(storm: Storm, due: str) -> Send:
    return Send(
        id=send_id(storm.id, SendKind.CARD, 0),
        kind=SendKind.CARD,
        subject=storm.id,
        channel=storm.channel,
        lane=Lane.ORDINARY,
        due_at=due,
    )


def _before(now: str, ago: timedelta) -> str:
    at = moment(now)
    return iso(at - ago) if at else now


def brought_out(alert: Alert, by: Person, now: str) -> Folded | None:
    """*alert*, which *by* opened, with its card, where a storm held it; None where there is
    nothing to do."""
    if not alert.in_storm:
        return None
    return out_by_itself(alert, f"{by.name or by.user} opened it", by, now)


# ── doing ───────────────────────────────────────────────────────────────────


def end_those_over(bot: Bot, storms: Storming) -> None:
    """End the storms in whose channels nothing arrives any more, and show what was worst of those
    that are over: a job. What came out is in the store, so a restart goes on with the next."""
    at = bot.clock.now()
    now, since = iso(at), iso(at - SHOWN_WITHIN)
    ended = bot.store.settle_storms(storms, now)
    shown = bot.store.show_after_storms(storms, now, since=since, least=SHOWN_FROM)
    if ended or shown:
        bot.outbox.wake()
