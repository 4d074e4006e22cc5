"""How surprising something is, in bits: −log2 of the chance that evidence gives it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, log1p, log2

from bot.model.evidence import Row, decayed

UNHEARD = 2.0**-8
"""The chance of a value that nobody in the account ever showed, given that one is new."""

DIMENSIONS = {
    "operation": 1.0,
    "region": 1.0,
    "instance": 1.0,
    "principal": 0.8,
    "network": 0.7,
    "country": 0.5,
    "asn": 0.3,
    "agent": 0.5,
    "error": 0.5,
    "hour": 0.3,
}
"""Dimension → its share in a record's score: they are not independent, and some tell little."""

_Levels = Sequence[tuple[Row | None, Row | None]]
LEAST_HOURS = 8.0
"""Hours of evidence that it takes to say what is usual; peers' stand in for those that lack."""
_PEERS_HOURS = 2.0
"""Hours of peers' evidence that are always mixed in."""
LEAST_CALLS = 8


def surprisal(levels: _Levels, hour: int, half_life: float) -> float:
    """Bits of one value. *levels* are (row, total), widest scope first.

    Witten and Bell's back-off: each scope leaves T of W + T to what its values do not explain,
    where W is its evidence and T how many of its values were new, and shares that out as the next
    wider scope would. Who often shows something new surprises less with the next new thing.
    """
    chance = UNHEARD
    for row, total in levels:
        if total is None:
            continue
        weight, escape, own = total.weight, total.novel, row.weight if row else 0.0
        # Most of it is of the hour that runs: nothing to fade.
        if (age := hour - total.last) > 0:
            weight, escape = decayed(weight, age, half_life), decayed(escape, age, half_life)
        if row and (age := hour - row.last) > 0:
            own = decayed(own, age, half_life)
        escape = max(1.0, escape)
        chance = (own + escape * chance) / (weight + escape)
    return max(0.0, -log2(chance))


def others_of(own: Row, peers: Row | None, half_life: float) -> Row | None:
    """The rate of *peers* without the part of it that is the caller's *own*, as it is in the hour
    that runs for the caller; None where nothing is left."""
    if peers is None:
        return None
    age = own.last - peers.last
    left = [
        max(0.0, decayed(whole, age, half_life) - part)
        for whole, part in (
            (peers.weight, own.weight),
            (peers.novel, own.novel),
            (peers.hours, own.hours),
        )
    ]
    # Less than one hour is what rounding left, or too little to stand for anybody.
    return Row(left[0], left[1], hours=left[2]) if left[0] >= 1.0 else None


def rate_surprisal(own: Row | None, others: Row | None, count: int) -> tuple[float, float]:
    """(bits, expected calls an hour) of *count* calls in an hour that is not over.

    The chance of so many or more under a negative binomial whose mean and variance are those of
    earlier active hours (decayed). Hours of the *others* are mixed in: as many as one's own
    history lacks, two at least. No bits where there is too little to compare with.
    """
    mine = own or Row()
    lacks = max(_PEERS_HOURS, LEAST_HOURS - mine.weight)
    share = min(1.0, lacks / others.weight) if others is not None and others.weight > 0 else 0.0
    weight, total, squares = mine.weight, mine.novel, mine.hours
    if others is not None:
        weight += share * others.weight
        total += share * others.novel
        squares += share * others.hours
    if count < LEAST_CALLS or weight < LEAST_HOURS:
        return 0.0, 0.0
    mean = max(total / weight, 0.1)
    variance = max(squares / weight - mean * mean, 1.2 * mean)
    if count <= mean:
        return 0.0, mean
    return _tail(count, mean, variance), mean


def _tail(count: int, mean: float, variance: float) -> float:
    """Bits of P(X ≥ count): the first term, and a geometric series above the others."""
    size = mean * mean / (variance - mean)
    keep = mean / (mean + size)
    first = (
        lgamma(count + size)
        - lgamma(size)
        - lgamma(count + 1)
        - size * log1p(mean / size)
        + count * log(keep)
    )
    ratio = keep * (count + size) / (count + 1)
    logarithm = first - log1p(-ratio) if ratio < 1 else first
    return max(0.0, -min(0.0, logarithm) / log(2)) if logarithm > -1e6 else -log2(exp(-700))
