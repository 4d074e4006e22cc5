"""Business time, also where the clocks change: five zones, each with habits of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import Hours, spoken

CHANGES = {
    # Forth and back at 01:00 UTC on a Sunday.
    "Europe/Zurich": [(2026, 3, 29, 1), (2026, 10, 25, 1)],
    "America/New_York": [(2026, 3, 8, 7), (2026, 11, 1, 6)],
    # By half an hour.
    "Australia/Lord_Howe": [(2026, 4, 4, 15), (2026, 10, 3, 15)],
    # At midnight, so that a day has no 00:00, and one has 23:00 twice.
    "America/Sao_Paulo": [(2018, 11, 4, 3), (2018, 2, 18, 2)],
    # A day that never was: 2011-12-30.
    "Pacific/Apia": [(2011, 12, 30, 10), (2012, 3, 31, 14)],
}
"""Zone → when its clocks change, UTC."""

MINUTE = timedelta(minutes=1)
DAYTIME = (4 * 60, 22 * 60)
"""No clock above changes between these times."""

zones = st.sampled_from(sorted(CHANGES))
durations = st.timedeltas(timedelta(), timedelta(hours=40)) | st.integers(0, 3000).map(
    lambda minutes: timedelta(minutes=minutes)
)


@st.composite
def offices(draw: st.DrawFn, between: tuple[int, int] = (0, 1440)) -> Hours:
    """An office with any days and times, some of the latter on the quarter hour."""
    step = draw(st.sampled_from([1, 15]))
    first, last = between[0] // step, between[1] // step
    start = draw(st.integers(first, last - 1))
    zone = draw(zones)
    around = [datetime(*change, tzinfo=UTC).date() for change in CHANGES[zone]]
    holidays = st.sampled_from([day + timedelta(days=n) for day in around for n in range(-1, 3)])
    return Hours(
        timezone=zone,
        days=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        start=start * step,
        end=draw(st.integers(start + 1, last)) * step,
        holidays=draw(st.frozensets(holidays, max_size=2)),
    )


def near(zone: str) -> st.SearchStrategy[datetime]:
    """A moment within four days of a change of *zone*'s clocks, often on the minute."""
    ahead = st.integers(-5760, 5760).map(lambda minutes: timedelta(minutes=minutes))
    finer = ahead | st.timedeltas(timedelta(days=-4), timedelta(days=4))
    changes = [datetime(*change, tzinfo=UTC) for change in CHANGES[zone]]
    return st.builds(lambda change, by: change + by, st.sampled_from(changes), finer)


def shown(hours: Hours, at: datetime) -> bool:
    """Whether the clocks on the wall show a time of business."""
    local = at.astimezone(ZoneInfo(hours.timezone))
    minutes = local.hour * 60 + local.minute
    business = local.weekday() in hours.days and local.date() not in hours.holidays
    return business and hours.start <= minutes < hours.end


# ── whatever the hours, whatever the clocks do ──────────────────────────────


@given(st.data(), offices(), durations, durations)
def test_adding_twice_is_adding_the_sum(
    data: st.DataObject, hours: Hours, first: timedelta, second: timedelta
) -> None:
    """It does not matter where a wait is broken off."""
    at = data.draw(near(hours.timezone))
    assert hours.add_open(hours.add_open(at, first), second) == hours.add_open(at, first + second)


@given(st.data(), offices(), durations, durations)
def test_later_or_longer_is_never_earlier(
    data: st.DataObject, hours: Hours, one: timedelta, other: timedelta
) -> None:
    """Monotone in the moment and in the duration."""
    early, late = sorted((data.draw(near(hours.timezone)), data.draw(near(hours.timezone))))
    short, long = sorted((one, other))
    assert hours.add_open(early, short) <= hours.add_open(late, short)
    assert hours.add_open(early, short) <= hours.add_open(early, long)


@given(st.data(), offices(), durations)
def test_what_is_added_is_what_lies_between(
    data: st.DataObject, hours: Hours, duration: timedelta
) -> None:
    """The moment is open, not before the first, and exactly so much open time later."""
    at = data.draw(near(hours.timezone))
    landed = hours.add_open(at, duration)
    assert landed >= at
    assert hours.is_open(landed)
    assert hours.open_between(at, landed) == duration


@given(st.data(), offices())
def test_open_time_adds_up(data: st.DataObject, hours: Hours) -> None:
    """From one to three is from one to two and from two to three; backwards is nothing."""
    one, two, three = sorted(data.draw(near(hours.timezone)) for _ in range(3))
    whole = hours.open_between(one, three)
    assert whole == hours.open_between(one, two) + hours.open_between(two, three)
    assert timedelta() <= whole <= three - one
    assert hours.open_between(three, one) == timedelta()


@given(st.data(), offices())
def test_the_next_opening_is_the_first(data: st.DataObject, hours: Hours) -> None:
    """Open now is now; else no open time lies before it."""
    at = data.draw(near(hours.timezone))
    opens = hours.next_open(at)
    assert hours.is_open(at) == (opens == at)
    assert hours.is_open(opens)
    assert hours.open_between(at, opens) == timedelta()


@given(st.data(), offices(), durations)
def test_the_zone_a_moment_is_written_in_does_not_matter(
    data: st.DataObject, hours: Hours, duration: timedelta
) -> None:
    """The same moment by the office's own clocks, where one time may come twice."""
    at = data.draw(near(hours.timezone))
    local = at.astimezone(ZoneInfo(hours.timezone))
    assert hours.add_open(local, duration) == hours.add_open(at, duration)
    assert hours.is_open(local) == hours.is_open(at)
    later = at + timedelta(days=2)
    assert hours.open_between(local, later) == hours.open_between(at, later)


# ── by the clock on the wall ────────────────────────────────────────────────


@given(st.data(), offices(DAYTIME), durations)
def test_it_never_lands_when_the_wall_says_closed(
    data: st.DataObject, hours: Hours, duration: timedelta
) -> None:
    """Opening times by day are exactly what the clocks show, on either side of a change."""
    at = data.draw(near(hours.timezone))
    assert hours.is_open(at) == shown(hours, at)
    assert shown(hours, hours.add_open(at, duration))


@given(st.data(), offices(DAYTIME))
def test_open_time_is_what_counting_minutes_gives(data: st.DataObject, hours: Hours) -> None:
    """An office by day, counted the slow way over three days."""
    first = data.draw(near(hours.timezone)).replace(second=0, microsecond=0)
    minutes = sum(shown(hours, first + n * MINUTE) for n in range(3 * 1440))
    assert hours.open_between(first, first + timedelta(days=3)) == minutes * MINUTE


def hours(zone: str, start: int, end: int, **more: object) -> Hours:
    """Open every day between these hours."""
    days = frozenset(range(7))
    return Hours(timezone=zone, days=days, start=start * 60, end=end * 60, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "open_for"),
    [
        ("Europe/Zurich", (2026, 3, 29), 0, 6, 5),  # an hour is leapt over
        ("Europe/Zurich", (2026, 10, 25), 0, 6, 7),  # an hour comes twice
        ("Australia/Lord_Howe", (2026, 10, 4), 0, 24, 23.5),
        ("Australia/Lord_Howe", (2026, 4, 5), 0, 24, 24.5),
        ("America/Sao_Paulo", (2018, 11, 4), 0, 24, 23),  # begins at 01:00
        ("America/Sao_Paulo", (2018, 2, 17), 20, 24, 5),  # 23:00 twice
        ("America/New_York", (2026, 3, 8), 2, 3, 0),  # there is no such hour
        ("Pacific/Apia", (2011, 12, 30), 8, 18, 0),  # there is no such day
        ("Pacific/Apia", (2011, 12, 31), 8, 18, 10),
    ],
)
def test_a_day_on_which_the_clocks_change(
    zone: str, day: tuple[int, int, int], start: int, end: int, open_for: float
) -> None:
    """How many hours the office is open, counted on that day alone."""
    middle = datetime(*day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    others = {middle.date() + timedelta(days=n) for n in range(-4, 5)} - {date(*day)}
    office = hours(zone, start, end, holidays=frozenset(others))
    found = office.open_between(middle - timedelta(days=2), middle + timedelta(days=2))
    assert found == timedelta(hours=open_for)


def test_an_office_opens_at_the_leap_that_takes_its_opening_time() -> None:
    """At 02:00 the clocks of New York go to 03:00; whoever opens at 02:30 opens then."""
    office = Hours(timezone="America/New_York", days=frozenset({6}), start=150, end=240)
    opens = office.next_open(datetime(2026, 3, 8, tzinfo=UTC))
    assert opens == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_what_is_due_at_closing_time_is_due_at_the_next_opening() -> None:
    """The closing moment is closed; a weekend and a holiday lie between."""
    office = Hours(timezone="Europe/Zurich", holidays=frozenset({date(2026, 11, 23)}))
    friday = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert office.add_open(friday, timedelta(minutes=59)) == friday + timedelta(minutes=59)
    tuesday = datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert office.add_open(friday, timedelta(hours=1)) == tuesday
    assert office.add_open(friday, timedelta(hours=2)) == tuesday + timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        *((0.02, "1 minute"), (1.2, "1 minute"), (10, "10 minutes"), (119.4, "119 minutes")),
        *((120, "2 hours"), (2850, "2 days"), (2819, "47 hours"), (14_400, "10 days")),
    ],
)
def test_a_duration_is_spoken_at_a_glance(minutes: float, words: str) -> None:
    """No more figures than somebody who is just woken takes in."""
    assert spoken(timedelta(minutes=minutes)) == words
