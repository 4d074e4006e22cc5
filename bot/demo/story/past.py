"""The two weeks before the story's day: what is usual here, so that what is not can be told.

At no record of it a rule should speak aloud. What people do goes by the clocks of their two sites
and by weekdays; what machines do goes round the clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby
from typing import TypeAlias

from bot.demo.story import habits
from bot.demo.story.cast import (
    ACCOUNT,
    PROD,
    TRAINING,
    Cast,
    Person,
    choose,
    newcomer,
)
from bot.demo.story.habits import AGENT, LEAD, Desk
from bot.demo.story.records import Scribe, crawler, deployment, log_delivery, metrics_reader
from bot.demo.story.shapes import Frame, Json, Noted, Route

DAYS = 14
SITES = ("Europe/Zurich", "America/New_York")
"""Where people sit: most in the first, the last three agents in the second."""

HOUR = 3600.0
SATURDAY = 5

_Habit: TypeAlias = tuple[Callable[[Scribe, float, Desk], None], int, int]


def past(seed: int, *, now: datetime) -> tuple[Json, ...]:
    """The records of the fourteen days that end where `story(seed, now=now)` begins, oldest first.

    The same arguments give the same records; people, roles and addresses are those of the story.
    """
    return tuple(note.record for note in _notes(seed, now))


def past_frames(
    seed: int, *, now: datetime, start: datetime, days_a_file: int = 1
) -> tuple[Frame, ...]:
    """The past as the trail's files, one for each day (or so many), account and Region. Their
    times are seconds from *start*, when the story's day begins, and so below zero."""
    notes = _notes(seed, now)
    origin = _origin(now)

    def shelf(note: Noted) -> tuple[int, str, str]:
        record = note.record
        stretch = int(note.at // (days_a_file * 24 * HOUR))
        return stretch, str(record["recipientAccountId"]), str(record["awsRegion"])

    frames: list[Frame] = []
    for (_, account, region), group in groupby(sorted(notes, key=shelf), key=shelf):
        batch = list(group)
        ended = origin + timedelta(seconds=batch[-1].at)
        route: Route = "s3" if account == ACCOUNT else "sns"
        frames.append(
            Frame(
                at=(ended - start).total_seconds(),
                route=route,
                account=account,
                region=region,
                caption="",
                records=tuple(note.record for note in batch),
            )
        )
    return tuple(sorted(frames, key=lambda frame: frame.at))


def _origin(now: datetime) -> datetime:
    """The beginning of the first day of the past, UTC: times of its notes count from it."""
    first = _end(now) - timedelta(days=DAYS)
    return datetime.combine(first.date(), time(), UTC)


def _end(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=10)


def _notes(seed: int, now: datetime) -> list[Noted]:
    # The cast is the first that the story draws; what follows has its own chances, so that the
    # story is the same whether or not its past is told.
    cast = choose(random.Random(f"callwarden {seed}"))  # noqa: S311 - a tale, not a secret
    rng = random.Random(f"callwarden {seed} past")  # noqa: S311 - likewise
    origin = _origin(now)
    scribe = Scribe(rng, origin)
    first, last = origin.date(), _end(now).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    _Fortnight(scribe, cast, days).write()
    begin = (_end(now) - timedelta(days=DAYS) - origin).total_seconds()
    end = (_end(now) - origin).total_seconds()
    kept = [note for note in scribe.notes if begin <= note.at < end]
    return sorted(kept, key=lambda note: note.at)


class _Fortnight:
    """Writes down day by day what happens at both sites and in the account."""

    def __init__(self, scribe: Scribe, cast: Cast, days: Sequence[date]) -> None:
        self._scribe = scribe
        self._rng = scribe.rng
        self._cast = cast
        self._days = days
        self._zones = [_zone(name) for name in SITES]
        self._newcomer = newcomer(self._rng, cast)
        workdays = [day for day in days[2:-1] if day.weekday() < SATURDAY]
        self._joins = workdays[len(workdays) // 2 - 1]
        self._night = self._rng.choice(workdays[2:])
        self._storms = self._rng.sample(workdays, 2)

    def write(self) -> None:
        """Everything, in no particular order."""
        for day in self._days:
            self._machines(day)
            self._people(day)
            if day.weekday() < SATURDAY:
                self._office(day)
        self._night_deployment()
        self._newcomer_arrives()

    # ── people ──────────────────────────────────────────────────────────────

    def _people(self, day: date) -> None:
        """Shifts: everybody on weekdays, three on Saturday, nobody on Sunday."""
        agents = [(one, self._zones[place >= 7]) for place, one in enumerate(self._cast.agents)]
        if day > self._joins:
            agents.append((self._newcomer, self._zones[0]))
        leads = [(one, self._zones[place]) for place, one in enumerate(self._cast.leads)]
        weekday = day.weekday()
        if weekday == SATURDAY:
            agents, leads = agents[:3], []
        elif weekday > SATURDAY:
            return
        for person, zone in agents:
            away = self._rng.random() < 0.08  # somebody always is, but not in their first week
            if not away or person is self._newcomer:
                self._shift(person, zone, day, AGENT)
        for person, zone in leads:
            self._shift(person, zone, day, LEAD)

    def _shift(self, person: Person, zone: tzinfo, day: date, habits_of: Sequence[_Habit]) -> None:
        begins = self._at(day, zone, 8.0) + self._rng.uniform(-0.3, 0.7) * HOUR
        instance = PROD if self._rng.random() < 0.9 else TRAINING
        habits.sign_in(self._scribe, begins, person)
        if self._rng.random() < 0.5:  # the session ended over lunch
            habits.sign_in(self._scribe, begins + self._rng.uniform(4.2, 5.0) * HOUR, person)
        for habit, least, most in habits_of:
            for _ in range(self._rng.randint(least, most)):
                at = begins + self._rng.uniform(0.1, 8.2) * HOUR
                desk = Desk(person, instance, self._cast.agents)
                habit(self._scribe, at, desk)

    def _office(self, day: date) -> None:
        """What the administrator, the helpdesk and the developers do on a working day."""
        zone = self._zones[0]
        for hour in sorted(self._rng.uniform(8.5, 17.0) for _ in range(self._rng.randint(2, 4))):
            habits.administer(self._scribe, self._at(day, zone, hour), self._cast.admin)
        for hour in sorted(self._rng.uniform(9.0, 16.5) for _ in range(self._rng.randint(2, 5))):
            habits.look_up_directory(self._scribe, self._at(day, zone, hour), self._cast.helpdesk)
        if day.weekday() in (1, 3):  # changes go out on Tuesdays and Thursdays
            self._deploy(self._at(day, zone, self._rng.uniform(10.0, 11.5)))
        if self._rng.random() < 0.4:
            at = self._at(day, zone, self._rng.uniform(13.0, 15.0))
            habits.visit(self._scribe, at, self._cast.supplier)

    def _deploy(self, at: float) -> None:
        habits.deploy(self._scribe, at, deployment(self._cast.developer))

    def _night_deployment(self) -> None:
        """Once, for there is no other window, at half past two in the night."""
        self._deploy(self._at(self._night, self._zones[0], 2.5))

    def _newcomer_arrives(self) -> None:
        """A lead makes their user a day before they begin."""
        zone = self._zones[0]
        lead = self._cast.leads[0]
        habits.welcome(self._scribe, self._at(self._joins, zone, 15.2), lead, self._newcomer)

    # ── machines ────────────────────────────────────────────────────────────

    def _machines(self, day: date) -> None:
        busy = day.weekday() < SATURDAY
        for quarter in range(24 if busy else 6):
            at = self._at(day, self._zones[0], 7.0 + quarter * (0.5 if busy else 2.0))
            habits.wallboard(self._scribe, at + self._rng.uniform(0, 20), metrics_reader())
        for round_ in range(0, 24, 6):
            for account in (ACCOUNT, TRAINING.account):
                habits.crawl(self._scribe, self._at(day, UTC, round_ + 0.4), crawler(account))
        for _ in range(self._rng.randint(8, 14) if busy else 2):
            habits.voice_key(self._scribe, self._at(day, UTC, self._rng.uniform(6, 19)))
        if day in self._storms:
            self._storm(day)

    def _storm(self, day: date) -> None:
        """A bucket's key policy forgets log delivery: every file is refused until it is mended."""
        begins = self._at(day, UTC, self._rng.uniform(11.0, 14.0))
        for number in range(self._rng.randint(120, 180)):
            at = begins + number * self._rng.uniform(18.0, 22.0)
            habits.refused_delivery(self._scribe, at, log_delivery())

    def _at(self, day: date, zone: tzinfo, hour: float) -> float:
        """Seconds from the beginning of the past to that *hour* of *day* in *zone*."""
        whole = timedelta(hours=hour)
        local = datetime.combine(day, time(), zone) + whole
        return (local.astimezone(UTC) - self._scribe.start).total_seconds()


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # slow to import

    try:
        return ZoneInfo(name)
    except (KeyError, OSError):
        return UTC  # a machine without a time zone database
