"""The timetable, and what its jobs do."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from bot.jobs import Keep, prune, refresh_people, timetable
from bot.model import iso
from bot.store import SqliteStore
from bot.storms import NEVER
from bot.wiring import trigger
from tests.builders import (
    NOON,
    FakeClock,
    judged,
    make_bot,
    make_finding,
    make_record,
    make_triage,
    quiet,
)

KEEP = Keep(records=30, evidence=400)


class CountingDirectory:
    """A directory that counts how often it was refreshed."""

    def __init__(self) -> None:
        self.rounds = 0

    def refresh(self) -> None:
        """Count."""
        self.rounds += 1


def test_every_job_has_its_own_name_and_a_time() -> None:
    """A mistyped time or a second job of the same name would never run."""
    jobs = timetable(KEEP, NEVER)
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        assert trigger(job.when, "Europe/Zurich").get_next_fire_time(None, NOON)


def test_a_time_may_begin_with_seconds() -> None:
    """Six fields; five mean the full minute."""
    just_past = NOON + timedelta(seconds=1)
    often, minutely = trigger("*/10 * * * * *", "UTC"), trigger("* * * * *", "UTC")
    assert often.get_next_fire_time(None, just_past) == NOON + timedelta(seconds=10)
    assert minutely.get_next_fire_time(None, just_past) == NOON + timedelta(minutes=1)


def test_people_are_asked_for_at_every_start() -> None:
    """Otherwise nobody could act until the first round; pruning can wait for its hour."""
    at_start = {job.name: job.at_start for job in timetable(KEEP, NEVER)}
    assert at_start == {"people": True, "snoozes": True, "storms": True, "prune": False}


def test_refreshing_people_asks_the_directory(store: SqliteStore, clock: FakeClock) -> None:
    """The job is nothing but that question."""
    directory = CountingDirectory()
    bot = dataclasses.replace(
        make_bot(store, clock),
        directory=directory,  # type: ignore[arg-type]  # only its refresh is asked for
    )
    refresh_people(bot)
    assert directory.rounds == 1


def test_prune_goes_by_the_settings_and_the_bots_clock(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Past its days a record goes, one second before it stays."""
    triage = make_triage()
    for name, days in (("old", 30), ("young", 29.9)):
        now = iso(NOON - timedelta(days=days, seconds=1))
        store.keep(quiet(make_record(f"q-{name}")), triage, now)
        evidence = iso(NOON - timedelta(days=days + 370, seconds=1))
        finding = make_finding(make_record(f"e-{name}"), rule=f"rule_{name}")
        store.keep(judged(finding), triage, evidence)
    job = next(job for job in timetable(KEEP, NEVER) if job.name == "prune")
    job.run(make_bot(store, clock))
    left = {row[0] for row in store.reader.execute("SELECT id FROM records")}
    assert left == {"q-young", "e-young"}
    prune(make_bot(store, clock), Keep(records=1, evidence=1))
    assert store.reader.execute("SELECT count(*) FROM records").fetchone() == (0,)
