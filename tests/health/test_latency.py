"""How soon cards come: median and 95th percentile, by the nearest rank."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.health import latency, measured
from bot.model import Latency, SendKind, iso
from bot.store import SqliteStore
from tests.builders import (
    HORIZON,
    NOON,
    FakeClock,
    judged,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)


def test_without_a_card_there_is_nothing_to_measure() -> None:
    """Not a latency of nought."""
    assert latency([]) is None


@pytest.mark.parametrize(
    ("delays", "median", "p95"),
    [
        ([3.0], 3.0, 3.0),
        ([9.0, 1.0], 1.0, 9.0),
        ([5.0, 1.0, 9.0], 5.0, 9.0),
        ([float(n) for n in range(1, 101)], 50.0, 95.0),
        ([1.0] * 19 + [99.0], 1.0, 1.0),
        ([1.0] * 18 + [99.0] * 2, 1.0, 99.0),
    ],
)
def test_figures_are_by_nearest_rank(delays: list[float], median: float, p95: float) -> None:
    """Each figure is a card's own; none lies between two."""
    assert latency(delays) == Latency(cards=len(delays), median=median, p95=p95)


def test_the_figures_are_over_the_last_day(store: SqliteStore, clock: FakeClock) -> None:
    """A card posted a day and a second ago counts no more."""
    bot = make_bot(store, clock)
    for event, days in (("e-old", 1), ("e-new", 0)):
        posted = NOON - timedelta(days=days, seconds=1)
        record = make_record(event, time=iso(posted - timedelta(seconds=250)))
        store.keep(judged(make_finding(record)), make_triage(), iso(posted))
        card = store.claim_send(HORIZON, horizon=HORIZON)
        assert card is not None
        assert card.kind is SendKind.CARD
        store.send_done(card, card.channel, f"1.{event}", iso(posted))

    assert measured(bot) == Latency(cards=1, median=250.0, p95=250.0)
