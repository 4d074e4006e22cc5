"""Matches that mean more together: pure, by the records' own times, whatever order they come in.

A correlation speaks once for each stretch of its timespan (counted from 1970) in which a group's
marks complete it. More marks never take back what was said, so the findings are the same in any
order of arrival; a record that comes late completes a chain like any other. A record without a time
that can be read counts as of when it was read: leaving it out could hide the one that was tampered
with. A change that Global Resiliency repeats in the replica Region has counted already.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from bot.detection.engine import Hit, broken
from bot.detection.headline import filled_in, fold_values
from bot.detection.marks import Watch
from bot.detection.rule import BROKEN_RULE, Correlation, Kind, RuleSet
from bot.model import ChainMark, Finding, Record, iso

_FOLDS = 24 * 60
_TOLD = 6
"""Steps that a sentence names."""


class Chains:
    """`ports.Correlating`, and what turns matches of rules into marks.

    *instances* maps a Connect instance's id to its name for people.
    """

    def __init__(self, rules: RuleSet, instances: Mapping[str, str] | None = None) -> None:
        self._instances = dict(instances or {})
        self.use(rules)

    def use(self, rules: RuleSet) -> None:
        """Judge by the correlations of *rules* from now on. Others may be judging meanwhile: what
        they look in is replaced, never changed."""
        watching: dict[str, list[Watch]] = {}
        for one in rules.correlations:
            for rule in dict.fromkeys(one.rules):
                watching.setdefault(rule, []).append(Watch(one, rule))
        self._named = {one.name: one for one in rules.correlations}
        self._watching = watching

    def marks(self, hits: Sequence[Hit], now: str) -> tuple[ChainMark, ...]:
        """What *hits* of one record count towards, each mark once. *now* (ISO) dates a record
        without a time."""
        found: list[ChainMark] = []
        for hit in hits:
            for watch in self._watching.get(hit.rule, ()):
                found += watch.marks(hit.whole, now)
        # Only several rules that are counted together leave the same mark.
        return tuple(dict.fromkeys(found)) if len(hits) > 1 else tuple(found)

    def least(self, mark: ChainMark) -> int:
        """How many marks of different kinds its correlation takes."""
        correlation = self._named.get(mark.correlation)
        return 0 if correlation is None else correlation.at_least

    def may_complete(self, mark: ChainMark, window: Sequence[ChainMark]) -> bool:
        """Whether `judge` is worth its record: not where there are too few different marks."""
        correlation = self._named.get(mark.correlation)
        return correlation is not None and _enough(correlation, (*window, mark))

    def judge(
        self, mark: ChainMark, window: Sequence[ChainMark], record: Record
    ) -> tuple[Finding, ...]:
        """What the correlation of *mark* says, now that *record* left it beside those of *window*.

        A correlation that raises is itself a finding, in the shadow too.
        """
        return tuple(
            one
            for one in self._found(mark, window, record)
            if one.rule == BROKEN_RULE or not self._hushed(mark)
        )

    def would_be(
        self, mark: ChainMark, window: Sequence[ChainMark], record: Record
    ) -> tuple[Finding, ...]:
        """What the correlation of *mark* would say if it were not in the shadow; nothing of one
        that is not."""
        if not self._hushed(mark):
            return ()
        found = self._found(mark, window, record)
        return tuple(one for one in found if one.rule != BROKEN_RULE)

    def _hushed(self, mark: ChainMark) -> bool:
        correlation = self._named.get(mark.correlation)
        return correlation is not None and correlation.shadow

    def _found(
        self, mark: ChainMark, window: Sequence[ChainMark], record: Record
    ) -> tuple[Finding, ...]:
        correlation = self._named.get(mark.correlation)
        if correlation is None:
            return ()
        try:
            return tuple(judge(correlation, mark, window, record, self._instances))
        except Exception as error:  # noqa: BLE001 - shown as a finding of its own
            return (broken([correlation.name], record, error),)


NO_CHAINS = Chains(RuleSet(()))
"""No correlations."""


def judge(
    correlation: Correlation,
    mark: ChainMark,
    window: Sequence[ChainMark],
    record: Record,
    instances: Mapping[str, str],
) -> Iterator[Finding]:
    """The findings of *correlation* that *mark* may have completed: one a stretch, two at most.

    *window* are the marks of its group within the timespan before and after it, in any order.
    """
    around = sorted({one.place: one for one in (*window, mark)}.values(), key=_place)
    if not _enough(correlation, around):
        return
    times = [one.time for one in around]
    spoken = set()
    for end in around[bisect_left(times, mark.time) :]:
        stretch = end.stretch
        if end.time > mark.time + mark.span or stretch in spoken:
            continue
        inside = around[bisect_left(times, end.time - mark.span) : bisect_right(times, end.time)]
        if chain := _chain(correlation, inside, end):
            spoken.add(stretch)
            yield _finding(correlation, mark, stretch, chain, record, instances)


def _enough(correlation: Correlation, found: Sequence[ChainMark]) -> bool:
    """Whether *found* could complete *correlation* if only its times fitted."""
    return len(_kinds(found)) >= correlation.at_least


def _kinds(found: Sequence[ChainMark]) -> dict[str, ChainMark]:
    """The first mark of each kind."""
    first: dict[str, ChainMark] = {}
    for one in found:
        first.setdefault(one.kind, one)
    return first


def _chain(
    correlation: Correlation, inside: Sequence[ChainMark], end: ChainMark
) -> list[ChainMark]:
    """The marks that complete *correlation* with *end*, oldest first; none where nothing does.

    Each step is a record of its own: one call alone is no chain.
    """
    if correlation.kind.counts:
        kinds = _kinds(inside)
        return list(kinds.values()) if len(kinds) >= correlation.at_least else []
    ordered = correlation.kind is Kind.TEMPORAL_ORDERED
    if ordered and end.rule != correlation.rules[-1]:
        return []
    # The last step is *end* itself, and what else its rule asks for.
    steps = [(rule, correlation.times.get(rule, 1)) for rule in correlation.rules]
    steps = [one for one in steps if one[0] != end.rule]
    if (more := correlation.times.get(end.rule, 1) - 1) > 0:
        steps.append((end.rule, more))
    by_rule = {rule: [one for one in inside if one.rule == rule] for rule, _ in steps}
    spare = len(correlation.rules) - correlation.at_least
    before = end.time if ordered else None
    chain = _chained(steps, by_rule, spare, before, frozenset({end.key}))
    if chain is None:
        return []
    return [*chain, end] if ordered else sorted([*chain, end], key=_place)


def _chained(
    steps: Sequence[tuple[str, int]],
    by_rule: Mapping[str, Sequence[ChainMark]],
    spare: int,
    before: int | None,
    taken: frozenset[str],
) -> list[ChainMark] | None:
    """Marks for each of *steps* (rule, how many), the last first, but for *spare* of them; None
    where there is no such chain. *before* is the time they must not come after, None where their
    order is free.

    The latest are tried first, and no more than there are steps: the others can have taken no more.
    A step of several is taken by the latest of them.
    """
    if not steps:
        return []
    rule, number = steps[-1]
    found = {
        one.key: one
        for one in reversed(by_rule[rule])
        if one.key not in taken and (before is None or one.time <= before)
    }
    fitting = list(found.values())
    for place in range(min(len(fitting) - number + 1, len(steps) + 1 if number == 1 else 1)):
        picked = fitting[place : place + number][::-1]
        earlier = before if before is None else picked[0].time
        now_taken = taken.union(one.key for one in picked)
        chain = _chained(steps[:-1], by_rule, spare, earlier, now_taken)
        if chain is not None:
            return [*chain, *picked]
    return _chained(steps[:-1], by_rule, spare - 1, before, taken) if spare else None


def _place(mark: ChainMark) -> tuple[int, str, str, str]:
    return mark.place


def _finding(
    correlation: Correlation,
    mark: ChainMark,
    stretch: int,
    chain: Sequence[ChainMark],
    record: Record,
    instances: Mapping[str, str],
) -> Finding:
    fold = fold_values(correlation.fold_by, record) if correlation.fold_by else mark.group
    return Finding(
        rule=correlation.name,
        level=correlation.level,
        headline=filled_in(correlation.headline, record, instances),
        why=f"{correlation.description} {_told(correlation, chain)}",
        record=record,
        fold=fold,
        runbook=correlation.runbook,
        tags=correlation.tags,
        fold_minutes=correlation.fold_minutes or min(_FOLDS, max(60, correlation.timespan // 30)),
        since=iso(_at(chain[0].time)),
        of=mark.of(stretch),
    )


def _told(correlation: Correlation, chain: Sequence[ChainMark]) -> str:
    """What happened and when, on one line, times in UTC."""
    first, last = _at(chain[0].time), _at(chain[-1].time)
    day = "" if first.date() == last.date() else "%d %b "
    if not correlation.kind.counts:
        return f"{', '.join(_named(chain, day))} (UTC)."
    span = f"from {first:{day}%H:%M} to {last:{day}%H:%M} (UTC)"
    if correlation.value_field:
        return f"{len(chain)} different values of {correlation.value_field} {span}."
    names = list(dict.fromkeys(one.name for one in chain))
    more = ", …" if len(names) > _TOLD else ""
    return f"{len(chain)} calls or more {span}: {', '.join(names[:_TOLD])}{more}."


def _named(chain: Sequence[ChainMark], day: str) -> Iterator[str]:
    """Each step with its time; what was done over and over is said once, with how often."""
    for name, group in groupby(chain, key=lambda one: one.name):
        same = list(group)
        often = f" ({len(same)} times)" if len(same) > 1 else ""
        yield f"{name} {_at(same[0].time):{day}%H:%M}{often}"


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
