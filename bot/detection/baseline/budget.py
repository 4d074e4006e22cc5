"""How many alerts a day: the threshold is learned from the stream's own scores."""

from __future__ import annotations

from msgspec import Struct, field

from bot.model import Level

FLOOR = 14.0
"""Bits below which nothing is worth an alert, however quiet the day: none is owed."""

_DAYS_KEPT = 60
_TOP = 32
_HELD = 1_000
_QUANTILE = 0.9


class Day(Struct, frozen=True, gc=False):
    """A day that is over: its highest score, and the one at which the budget would be spent."""

    day: int
    spent: float
    highest: float


class Budget(Struct, kw_only=True):
    """What has been seen of scores and said of them. Days are those of the records (UTC).

    *top* holds today's highest score of each subject, *spoken* the subjects that had their alert
    today, *held* those above the threshold for whom none was left; *best* is the highest score
    ever. Encoded, it is what survives a restart.
    """

    begun: int = 0
    day: int = 0
    best: float = 0.0
    latest: int = 0
    days: list[Day] = []
    top: dict[int, float] = field(default_factory=dict)
    spoken: dict[int, float] = field(default_factory=dict)
    held: list[int] = []
    version: int = 0
    known: tuple[float, float] | None = None
    """The two quantiles of the days that are over: they change only with the day."""

    def turn(self, hour: int, per_day: int) -> None:
        """Note that it is *hour*; where a day ended, its scores set the next days' threshold."""
        if not self.begun:
            self.begun, self.day = hour, hour // 24
            self.version += 1
        self.latest = max(self.latest, hour)
        if hour // 24 <= self.day:
            return
        ranked = sorted(self.top.values(), reverse=True)
        spent = ranked[per_day - 1] if len(ranked) >= per_day else 0.0
        self.days = [*self.days, Day(self.day, spent, ranked[0] if ranked else 0.0)][-_DAYS_KEPT:]
        self.day, self.top, self.spoken, self.held = hour // 24, {}, {}, []
        self.known = None
        self.version += 1

    def warming(self, hour: int, warmup_days: int) -> int:
        """Days that are left of the warm-up; 0 where it is over."""
        return max(0, -(-(self.begun + 24 * warmup_days - hour) // 24))

    def threshold(self, half_life_days: float) -> float:
        """The score from which on a subject gets an alert, while the budget lasts."""
        return max(FLOOR, self._quantiles(half_life_days)[0])

    def high(self, half_life_days: float) -> float:
        """The score from which on an alert's level is high: the worst of most days."""
        return max(1.5 * FLOOR, self._quantiles(half_life_days)[1])

    def _quantiles(self, half_life_days: float) -> tuple[float, float]:
        if self.known is None:
            self.known = (
                _quantile(self.days, [one.spent for one in self.days], half_life_days),
                _quantile(self.days, [one.highest for one in self.days], half_life_days),
            )
        return self.known

    def judge(
        self, subject: int, score: float, *, per_day: int, half_life_days: float, quiet: bool
    ) -> Level | None:
        """The level at which *subject* gets an alert for *score*, None where it gets none.

        *quiet* (warm-up) only learns. Raises nothing, and changes what must be stored.
        """
        best = self.best
        if score > self.top.get(subject, 0.0):
            self.top[subject] = score
            if len(self.top) > _TOP:
                del self.top[min(self.top, key=self.top.__getitem__)]
            self.version += 1
        self.best = max(best, score)
        if quiet or score < self.threshold(half_life_days):
            return None
        if subject not in self.spoken:
            if not self._left(per_day, record=score > best):
                self._hold(subject)
                return None
            self.spoken[subject] = score
            if subject in self.held:
                self.held.remove(subject)
            self.version += 1
        return Level.HIGH if score >= self.high(half_life_days) else Level.MEDIUM

    def _left(self, per_day: int, *, record: bool) -> bool:
        """Whether there is an alert left; for a score above all others some beyond the budget."""
        beyond = max(1, per_day // 3) if record else 0
        return len(self.spoken) < per_day + beyond

    def _hold(self, subject: int) -> None:
        if subject not in self.held and len(self.held) < _HELD:
            self.held.append(subject)
            self.version += 1


def _quantile(days: list[Day], values: list[float], half_life_days: float) -> float:
    """The quantile of *values*, newer days weighing more."""
    if not days:
        return 0.0
    last = days[-1].day
    weighted = sorted(
        (value, 2.0 ** (-(last - one.day) / half_life_days))
        for one, value in zip(days, values, strict=True)
    )
    whole = sum(weight for _, weight in weighted)
    below = 0.0
    for value, weight in weighted:
        below += weight
        if below >= _QUANTILE * whole:
            return value
    return weighted[-1][0]
