"""Is a source well? Each rule with its fault, its near miss, its recovery and its unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.health import Patience, Reading, judge, quiet_limit
from bot.health.judging import DEAD, FAILING, LATE, REFUSED, SILENT
from bot.model import Backlog, Condition, Diagnosis, Heard, iso
from bot.ports import Feed
from tests.builders import NOON

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
WELL, ILL, UNKNOWN = Condition.WELL, Condition.ILL, Condition.UNKNOWN


def ago(minutes: float) -> str:
    """So long before noon."""
    return iso(NOON - timedelta(minutes=minutes))


def a_feed(**changes: Any) -> Feed:
    """A source that just delivered."""
    fields: dict[str, Any] = {
        "name": "main",
        "records": 9,
        "last_at": ago(1),
        "delivered_at": ago(1),
        "waited": 2.0,
    }
    return Feed(**(fields | changes))


def a_reading(feed: Feed | None = None, **changes: Any) -> Reading:
    """A source that is well in every respect, looked at for a day."""
    fields: dict[str, Any] = {
        "feed": feed or a_feed(),
        "heard": Heard(since=ago(9_000), last_at=ago(1)),
        "backlog": Backlog(waiting=0, dead=0, dead_queue="trail-dead"),
        "refused": 0,
        "now": NOON,
        "watching": NOON - timedelta(days=1),
    }
    return Reading(**(fields | changes))


def about(rule: str, reading: Reading) -> Diagnosis:
    """What is said about one rule."""
    [found] = [one for one in judge(reading) if one.rule == rule]
    return found


def test_a_source_that_is_well_is_well_in_every_respect() -> None:
    """Five rules, in a fixed order, and nothing to say."""
    found = judge(a_reading())

    assert [one.rule for one in found] == [SILENT, FAILING, LATE, DEAD, REFUSED]
    assert {(one.condition, one.said) for one in found} == {(WELL, "")}


# ── silence ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("quiet", "longest_gap", "limit"),
    [
        (None, 0.0, HOUR),
        (None, 15 * MINUTE, HOUR),
        (None, 16 * MINUTE, 64 * MINUTE),
        (None, 5 * HOUR, 20 * HOUR),
        (None, 6.1 * HOUR, DAY),
        (None, 90 * DAY, DAY),
        (5, 5 * HOUR, 5 * MINUTE),
        (4_000, 0.0, 4_000 * MINUTE),
    ],
)
def test_the_limit_is_set_or_learned(quiet: int | None, longest_gap: float, limit: float) -> None:
    """Four times the longest silence, between an hour and a day; a setting goes before."""
    assert quiet_limit(Patience(quiet=quiet), longest_gap) == timedelta(seconds=limit)


@pytest.mark.parametrize(
    ("silent", "longest_gap", "condition"),
    [(60, 0.0, WELL), (60.1, 0.0, ILL), (79, 20 * MINUTE, WELL), (81, 20 * MINUTE, ILL)],
)
def test_a_silence_past_the_limit_is_a_trouble(
    silent: float, longest_gap: float, condition: Condition
) -> None:
    """Up to the limit it is usual."""
    heard = Heard(since=ago(9_000), last_at=ago(silent), longest_gap=longest_gap)

    assert about(SILENT, a_reading(heard=heard)).condition is condition


def test_a_silence_says_how_long_and_what_is_usual() -> None:
    """And of a source that never spoke, that it never did."""
    heard = Heard(since=ago(9_000), last_at=ago(185))
    never = Heard(since=ago(65))

    said = "No record from main for 3 h 5 min; up to 1 h is usual"
    assert about(SILENT, a_reading(heard=heard)).said == said
    assert about(SILENT, a_reading(heard=never)).said == (
        "No record has ever come from main, in 1 h 5 min"
    )


@pytest.mark.parametrize(("minutes", "condition"), [(4.9, UNKNOWN), (5, ILL)])
def test_just_after_a_start_a_silence_may_be_ours(minutes: float, condition: Condition) -> None:
    """What waited meanwhile is only now being received."""
    heard = Heard(since=ago(9_000), last_at=ago(185))
    watching = NOON - timedelta(minutes=minutes)

    assert about(SILENT, a_reading(heard=heard, watching=watching)).condition is condition


def test_a_clock_that_was_set_back_is_no_silence() -> None:
    """A record from the future came just now."""
    assert about(SILENT, a_reading(heard=Heard(since=NOON_LATER, last_at=NOON_LATER))) == (
        Diagnosis(rule=SILENT, condition=WELL)
    )


NOON_LATER = iso(NOON + timedelta(hours=5))

# ── the other rules ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("since", "condition"), [("", WELL), (ago(4.9), WELL), (ago(5), ILL), (ago(90), ILL)]
)
def test_a_source_that_fails_for_some_minutes_is_a_trouble(
    since: str, condition: Condition
) -> None:
    """A hiccup is not."""
    feed = a_feed(error="main: AWS refused sqs:ReceiveMessage.", failing_since=since)

    assert about(FAILING, a_reading(feed)).condition is condition


def test_a_failing_source_says_why() -> None:
    """Its own name once."""
    feed = a_feed(error="main: AWS refused sqs:ReceiveMessage.", failing_since=ago(12))

    assert about(FAILING, a_reading(feed)).said == (
        "main could not be read for 12 min: AWS refused sqs:ReceiveMessage"
    )


@pytest.mark.parametrize(
    ("changes", "waiting", "condition"),
    [
        ({"waited": 15 * MINUTE}, 0, WELL),
        ({"waited": 15 * MINUTE + 1}, 0, ILL),
        ({"waited": 16 * MINUTE}, None, ILL),
        ({"waited": None}, 0, WELL),
        ({"waited": None, "delivered_at": ago(14)}, 40, WELL),
        ({"waited": None, "delivered_at": ago(16)}, 40, ILL),
        ({"waited": None, "delivered_at": ""}, 40, ILL),
        ({"waited": None, "delivered_at": ago(16)}, 0, WELL),
        ({"waited": 3.0, "delivered_at": ago(1)}, 40, WELL),
        ({"waited": 3.0}, None, WELL),
        ({"waited": None, "delivered_at": ago(16)}, None, UNKNOWN),
    ],
)
def test_what_waits_too_long_is_a_trouble(
    changes: dict[str, Any], waiting: int | None, condition: Condition
) -> None:
    """By the waits of what came, and where nothing comes, by what should."""
    backlog = Backlog(waiting=waiting, unknown="" if waiting is not None else "AWS refused it.")

    assert about(LATE, a_reading(a_feed(**changes), backlog=backlog)).condition is condition


def test_a_queue_that_was_just_met_is_not_late() -> None:
    """Nothing was received yet, for we have only just begun."""
    feed = a_feed(waited=None, delivered_at="")
    backlog, watching = Backlog(waiting=40), NOON - timedelta(minutes=2)

    assert about(LATE, a_reading(feed, backlog=backlog, watching=watching)).condition is WELL


def test_a_late_source_says_how_late() -> None:
    """Either way of being late, with its figures."""
    late = a_feed(waited=22 * MINUTE)
    stuck = a_reading(a_feed(waited=None, delivered_at=ago(20)), backlog=Backlog(waiting=1, dead=0))

    assert about(LATE, a_reading(late)).said == (
        "A message of main waited 22 min before it was received"
    )
    assert about(LATE, stuck).said == (
        "The queue of main holds 1 message, and none was received for 20 min"
    )
    patient = a_reading(late, patience=Patience(late=30))
    assert about(LATE, patient).condition is WELL


@pytest.mark.parametrize(
    ("backlog", "condition", "said"),
    [
        (Backlog(waiting=0, dead=0, dead_queue="dlq"), WELL, ""),
        (
            Backlog(waiting=0, dead=1, dead_queue="dlq"),
            ILL,
            "The dead-letter queue of main (dlq) holds 1 message",
        ),
        (
            Backlog(waiting=0, dead=7, dead_queue="dlq"),
            ILL,
            "The dead-letter queue of main (dlq) holds 7 messages",
        ),
        (
            Backlog(waiting=0, dead_queue="dlq", unknown="AWS refused it."),
            UNKNOWN,
            "the dead letters of main: AWS refused it.",
        ),
        (Backlog(unknown="AWS refused it."), UNKNOWN, "the dead letters of main: AWS refused it."),
        (Backlog(waiting=0), UNKNOWN, "its queue has no dead-letter queue"),
    ],
)
def test_dead_letters_are_a_trouble_and_what_may_not_be_asked_is_unknown(
    backlog: Backlog, condition: Condition, said: str
) -> None:
    """A queue without a dead-letter queue is not well either."""
    found = about(DEAD, a_reading(backlog=backlog))

    assert found.condition is condition
    assert said in found.said


@pytest.mark.parametrize(("refused", "condition"), [(0, WELL), (1, ILL), (40, ILL)])
def test_what_could_not_be_read_is_a_trouble(refused: int, condition: Condition) -> None:
    """Each counts."""
    assert about(REFUSED, a_reading(refused=refused)).condition is condition
