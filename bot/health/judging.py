"""Is a source well? Pure: what was measured → a diagnosis for each rule.

What could not be measured is unknown, with its reason: it neither begins a trouble nor ends one.

**feed_silent**: no record for longer than the limit. The limit is `quiet_minutes` of the source
where it is set; else four times the longest silence of the last seven days, but no less than an
hour and no more than a day. A silence counts while we were there to hear it and could read the
source, also one that was itself alerted about: after an outage the limit is wider for a week.
**feed_failing**: the source could not be read for five minutes.
**feed_late**: a message waited longer than `late_minutes` (15) before we received it, or some
wait and none was received for that long; of a source without a queue: what it has was read only
up to so long ago.
**feed_dead_letters**: the dead-letter queue is not empty.
**feed_refused**: something could not be read in the last hour and did not come again, readable,
within five minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from bot.model import FEED_RULES, Backlog, Condition, Diagnosis, Heard, counted, lasting, moment
from bot.ports import Feed

SILENT, FAILING, LATE, DEAD, REFUSED = FEED_RULES

SETTLING = timedelta(minutes=5)
"""For so long after a start a silence may be ours: what waited is only now being received."""

FAILS_AFTER = timedelta(minutes=5)
REFUSED_WITHIN = timedelta(hours=1)
REFUSED_AFTER = timedelta(minutes=5)
"""What could not be read may come again; by then its first tries are over."""

_QUIET_LEAST = timedelta(hours=1)
_QUIET_MOST = timedelta(days=1)
_TIMES_USUAL = 4


class Patience(Struct, frozen=True, kw_only=True):
    """What a source may ask of us, in minutes; *quiet* None is learned."""

    quiet: int | None = None
    late: int = 15


class Reading(Struct, frozen=True, kw_only=True):
    """Everything that was measured about a source at *now*. *watching* is when this process began
    to look; *refused* counts what could not be read in the last hour."""

    feed: Feed
    heard: Heard
    backlog: Backlog
    refused: int
    now: datetime
    watching: datetime
    patience: Patience = Patience()


def judge(reading: Reading) -> tuple[Diagnosis, ...]:
    """A diagnosis for every rule, in a fixed order."""
    return tuple(judged(reading, rule) for rule, judged in _JUDGES.items())


def quiet_limit(patience: Patience, longest_gap: float) -> timedelta:
    """How long no record may come before that is a trouble; see the module's first lines."""
    if patience.quiet is not None:
        return timedelta(minutes=patience.quiet)
    usual = timedelta(seconds=longest_gap) * _TIMES_USUAL
    return min(max(usual, _QUIET_LEAST), _QUIET_MOST)


def _silent(reading: Reading, rule: str) -> Diagnosis:
    name, heard = reading.feed.name, reading.heard
    silence = _since(heard.last_at or heard.since, reading.now)
    limit = quiet_limit(reading.patience, heard.longest_gap)
    if silence <= limit:
        return _well(rule)
    past, most = lasting(silence.total_seconds()), lasting(limit.total_seconds())
    if reading.now - reading.watching < SETTLING:
        said = f"no record from {name} for {past}, but the bot has just started"
        return Diagnosis(rule=rule, condition=Condition.UNKNOWN, said=said)
    if not heard.last_at:
        return _ill(rule, f"No record has ever come from {name}, in {past}")
    return _ill(rule, f"No record from {name} for {past}; up to {most} is usual")


def _failing(reading: Reading, rule: str) -> Diagnosis:
    feed = reading.feed
    if not feed.failing_since:
        return _well(rule)
    failing = _since(feed.failing_since, reading.now)
    if failing < FAILS_AFTER:
        return _well(rule)
    past, why = lasting(failing.total_seconds()), feed.error.removeprefix(f"{feed.name}: ")
    return _ill(rule, f"{feed.name} could not be read for {past}: {why.rstrip('.')}")


def _late(reading: Reading, rule: str) -> Diagnosis:
    feed, waiting = reading.feed, reading.backlog.waiting
    limit = timedelta(minutes=reading.patience.late)
    behind = reading.backlog.behind
    if behind is not None and behind > limit.total_seconds():
        past = lasting(behind)
        return _ill(rule, f"{feed.name} was last read up to {past} ago{reading.backlog.why}")
    if feed.waited is not None and feed.waited > limit.total_seconds():
        past = lasting(feed.waited)
        return _ill(rule, f"A message of {feed.name} waited {past} before it was received")
    idle = min(
        _since(feed.delivered_at, reading.now) if feed.delivered_at else timedelta.max,
        reading.now - reading.watching,
    )
    if waiting and idle > limit:
        past = lasting(idle.total_seconds())
        held = counted(waiting, "message")
        said = f"The queue of {feed.name} holds {held}, and none was received for {past}"
        return _ill(rule, said)
    if waiting is None and feed.waited is None:
        said = f"how many messages of {feed.name} wait: {reading.backlog.unknown}"
        return Diagnosis(rule=rule, condition=Condition.UNKNOWN, said=said)
    return _well(rule)


def _dead(reading: Reading, rule: str) -> Diagnosis:
    name, backlog = reading.feed.name, reading.backlog
    if backlog.dead is None and not backlog.unknown:
        said = (
            f"whether messages of {name} are lost: its queue has no dead-letter queue. Give it one,"
            " or what cannot be read comes again and again until it expires"
        )
        return Diagnosis(rule=rule, condition=Condition.UNKNOWN, said=said)
    if backlog.dead is None:
        said = f"the dead letters of {name}: {backlog.unknown}"
        return Diagnosis(rule=rule, condition=Condition.UNKNOWN, said=said)
    if not backlog.dead:
        return _well(rule)
    held = counted(backlog.dead, "message")
    return _ill(rule, f"The dead-letter queue of {name} ({backlog.dead_queue}) holds {held}")


def _refused(reading: Reading, rule: str) -> Diagnosis:
    if not reading.refused:
        return _well(rule)
    things = counted(reading.refused, "thing")
    said = f"{things} that came from {reading.feed.name} in the last hour could not be read"
    return _ill(rule, said)


_JUDGES: Mapping[str, Callable[[Reading, str], Diagnosis]] = {
    SILENT: _silent,
    FAILING: _failing,
    LATE: _late,
    DEAD: _dead,
    REFUSED: _refused,
}


def _well(rule: str) -> Diagnosis:
    return Diagnosis(rule=rule, condition=Condition.WELL)


def _ill(rule: str, said: str) -> Diagnosis:
    return Diagnosis(rule=rule, condition=Condition.ILL, said=said)


def _since(then: str, now: datetime) -> timedelta:
    """How long ago *then* (ISO) was; a clock that was set back makes it no time at all."""
    begun = moment(then) or now
    return max(timedelta(0), now - begun)
