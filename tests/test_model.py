"""The vocabulary: times, ids and the values around them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import (
    Level,
    SendKind,
    iso,
    lasting,
    moment,
    read_alert_id,
    send_id,
    spoken_id,
)
from tests.builders import NOON, make_finding, make_record

# ── time ────────────────────────────────────────────────────────────────────


def test_iso_has_milliseconds_and_z() -> None:
    """A moment is written so that text sorts as time does."""
    assert iso(datetime(2026, 11, 22, 10, 3, 11, tzinfo=UTC)) == "2026-11-22T10:03:11.000Z"


def test_iso_converts_to_utc() -> None:
    """A moment of another zone is written in UTC."""
    zurich = timezone(timedelta(hours=1))
    assert iso(datetime(2026, 11, 22, 11, 3, tzinfo=zurich)) == "2026-11-22T10:03:00.000Z"


def test_iso_refuses_a_naive_datetime() -> None:
    """A time without a zone is a bug, not a guess."""
    with pytest.raises(ValueError, match="time zone"):
        iso(datetime(2026, 11, 22))  # noqa: DTZ001 - the naive one is the point


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:03:11Z",
        "2026-11-22 10:03:11",
        " 2026-11-22T11:03:11+01:00 ",
        "2026-11-22T10:03:11.000000Z",
    ],
)
def test_moment_reads_what_cloudtrail_and_its_copies_write(text: str) -> None:
    """Every usual way to write a time is the same moment."""
    assert moment(text) == datetime(2026, 11, 22, 10, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00+01:00"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    """A near miss is None, never an exception and never now."""
    assert moment(text) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-4, "0 s"),
        (0.44, "0.4 s"),
        (10, "10 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (11_100, "3 h 5 min"),
        (266_400, "3 d 2 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    """Nobody counts the seconds of three days."""
    assert lasting(seconds) == said


@given(st.text(max_size=30))
def test_moment_never_raises(text: str) -> None:
    """Whatever a record holds for a time, reading it does not break."""
    found = moment(text)
    assert found is None or found.tzinfo is UTC


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.just(UTC),
    )
)
def test_a_moment_survives_being_written(when: datetime) -> None:
    """What was written is read back, to the millisecond, and sorts alike."""
    read = moment(iso(when))
    assert read is not None
    assert timedelta(0) <= when - read < timedelta(milliseconds=1)
    assert iso(read) == iso(when)


def test_a_record_without_a_time_happened_now() -> None:
    """The clock stands in only where the record's own time cannot be read."""
    assert make_record(time="").happened(iso(NOON)) == iso(NOON)
    assert make_record(time="soon").happened(iso(NOON)) == iso(NOON)
    assert make_record(time="2026-01-02 03:04:05").happened(iso(NOON)) == "2026-01-02T03:04:05.000Z"


# ── levels ──────────────────────────────────────────────────────────────────


def test_levels_rank_in_sigmas_order() -> None:
    """Critical outranks all; informational is the least."""
    assert sorted(Level, key=lambda level: level.rank) == list(Level)
    assert Level.CRITICAL.rank == 4


def test_one_level_lower_stops_at_the_bottom() -> None:
    """A refused critical is high; informational stays."""
    assert Level.CRITICAL.milder is Level.HIGH
    assert Level.INFORMATIONAL.milder is Level.INFORMATIONAL


# ── ids ─────────────────────────────────────────────────────────────────────


def test_a_finding_is_known_by_rule_and_call() -> None:
    """The same rule about the same call is one finding, whichever copy of the record came."""
    one = make_finding(make_record("e-1", key="shared-1"))
    twin = make_finding(make_record("e-2", key="shared-1"))
    assert one.id == twin.id


def test_another_rule_or_call_is_another_finding() -> None:
    """The id tells rules and calls apart."""
    one = make_finding(make_record("e-1"))
    assert one.id != make_finding(make_record("e-2")).id
    assert one.id != make_finding(make_record("e-1"), rule="other").id


def test_sends_are_told_apart_by_all_their_parts() -> None:
    """Subject, kind and revision each make another send; the same three the same one."""
    one = send_id("A-1", SendKind.CARD, 0)
    assert one == send_id("A-1", SendKind.CARD, 0)
    others = {
        send_id("A-2", SendKind.CARD, 0),
        send_id("A-1", SendKind.EDIT, 0),
        send_id("A-1", SendKind.CARD, 1),
    }
    assert one not in others
    assert len(others) == 3


@given(st.text(), st.integers(min_value=5, max_value=8))
def test_every_alert_id_is_read_back(seed: str, length: int) -> None:
    """Whatever id we make, a person can type it, with or without capitals."""
    made = spoken_id("A", seed, length)
    assert read_alert_id(made) == made
    assert read_alert_id(f" {made.lower()} ") == made


@given(st.text())
def test_a_longer_id_extends_the_shorter(seed: str) -> None:
    """Where the short id is taken, the longer one begins with it."""
    assert spoken_id("A", seed, 8).startswith(spoken_id("A", seed, 5))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("A-7K2QF", "A-7K2QF"),
        ("a7k2qf", "A-7K2QF"),
        ("7k2qf", "A-7K2QF"),
        ("A-7KZQO", "A-7KZQ0"),
        ("a-i1lo0", "A-11100"),
        ("abcde", "A-ABCDE"),
        ("A-ABCDEF", "A-ABCDEF"),
    ],
)
def test_an_alert_id_is_read_as_people_say_it(typed: str, meant: str) -> None:
    """Small letters, no prefix, O for 0 and I or L for 1 are all understood."""
    assert read_alert_id(typed) == meant


@pytest.mark.parametrize("typed", ["", "A-", "A-7K2", "A-7K2QF7K2Q", "A-7K2QU", "B-7K2QF", "<@U1>"])
def test_what_is_no_alert_id_is_none(typed: str) -> None:
    """A near miss is not guessed at."""
    assert read_alert_id(typed) is None
