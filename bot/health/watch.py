"""Looks at every source each minute, has troubles alerted about, and remembers what it saw."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.health.findings import due, finding
from bot.health.judging import (
    REFUSED_AFTER,
    REFUSED_WITHIN,
    Patience,
    Reading,
    judge,
)
from bot.model import Backlog, Checkup, Condition, Diagnosis, Heard, iso, moment
from bot.ports import Bot, Feed, Folding, Gauge, Judged

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
UNMEASURED = Backlog(unknown="it cannot be measured")


class FeedWatch:
    """What was last seen of each source. `look` is one thread's, `checkups` anybody's."""

    def __init__(
        self,
        gauges: Sequence[Gauge],
        folding: Folding,
        patience: Mapping[str, Patience] | None = None,
    ) -> None:
        """*patience* is by the source's name."""
        self._gauges = {gauge.name: gauge for gauge in gauges}
        self._folding = folding
        self._patience = dict(patience or {})
        self._began: datetime | None = None
        self._marred: set[str] = set()
        self._seen: tuple[Checkup, ...] = ()

    def checkups(self) -> Sequence[Checkup]:
        """How each source was at the last look."""
        return self._seen

    def look(self, bot: Bot) -> None:
        """Measure and judge every source; a trouble that is new is alerted about."""
        now = bot.clock.now()
        if self._began is None or now < self._began:
            self._began = now
        before = {(one.source, each.rule): each for one in self._seen for each in one.diagnoses}
        seen = [self._check(bot, feed, now, self._began) for feed in bot.pulse.feeds()]
        for checkup in seen:
            _log_unknown(checkup, before)
        self._seen = tuple(seen)

    def _check(self, bot: Bot, feed: Feed, now: datetime, began: datetime) -> Checkup:
        gauge = self._gauges.get(feed.name)
        reading = Reading(
            feed=feed,
            heard=self._listen(bot, feed, now, began),
            backlog=gauge.measure() if gauge else UNMEASURED,
            refused=bot.store.how_many_unreadable(
                feed.name, iso(now - REFUSED_AFTER - REFUSED_WITHIN), iso(now - REFUSED_AFTER)
            ),
            now=now,
            watching=began,
            patience=self._patience.get(feed.name, Patience()),
        )
        return Checkup(
            source=feed.name,
            at=iso(now),
            backlog=reading.backlog,
            waited=feed.waited,
            refused=bot.store.how_many_unreadable(feed.name, iso(now - DAY), iso(now)),
            diagnoses=tuple(self._follow(bot, one, reading) for one in judge(reading)),
        )

    def _listen(self, bot: Bot, feed: Feed, now: datetime, began: datetime) -> Heard:
        """Remember what came since the last look, and how long nothing had."""
        known = bot.store.heard_of(feed.name, iso(now))
        if feed.failing_since:
            self._marred.add(feed.name)
        if feed.last_at <= known.last_at:
            return known
        gap = 0.0
        if feed.name not in self._marred:
            # What we were not there to hear is no silence of the source's.
            quiet_from = max(known.last_at or known.since, iso(began))
            gap = _seconds(quiet_from, feed.last_at)
        elif not feed.failing_since:
            self._marred.discard(feed.name)
        bot.store.heard(feed.name, feed.last_at, gap, feed.accounts)
        return bot.store.heard_of(feed.name, iso(now))

    def _follow(self, bot: Bot, diagnosis: Diagnosis, reading: Reading) -> Diagnosis:
        """What a diagnosis leads to; a trouble that goes on is given its beginning."""
        source, at = reading.feed.name, iso(reading.now)
        if diagnosis.condition is Condition.UNKNOWN:
            return diagnosis
        if diagnosis.condition is Condition.WELL:
            if bot.store.trouble_over(source, diagnosis.rule, at):
                log.info("%s is well again (%s).", source, diagnosis.rule)
            return diagnosis
        trouble = bot.store.trouble(source, diagnosis.rule, at)
        number = due(trouble, reading.now)
        if trouble.told < number:
            log.warning("%s.", diagnosis.said)
            found = finding(diagnosis, trouble, number, reading)
            bot.store.keep([Judged(record=found.record, findings=(found,))], self._folding, at)
            # Only now: after a crash in between, the same finding is kept once more, as one.
            bot.store.trouble_told(trouble, number)
            bot.outbox.wake()
        return msgspec.structs.replace(diagnosis, since=trouble.since)


def _log_unknown(checkup: Checkup, before: Mapping[tuple[str, str], Diagnosis]) -> None:
    """A reason why something is unknown is logged when it is new."""
    for one in checkup.diagnoses:
        earlier = before.get((checkup.source, one.rule))
        news = earlier is None or earlier.condition is not Condition.UNKNOWN
        if one.condition is Condition.UNKNOWN and news:
            log.warning("UNKNOWN: %s.", one.said.rstrip("."))


def _seconds(begin: str, end: str) -> float:
    begun, ended = moment(begin), moment(end)
    return max(0.0, (ended - begun).total_seconds()) if begun and ended else 0.0
