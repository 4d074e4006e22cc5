"""The timetable, and what its jobs do."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from bot.channels import Doors
from bot.escalation import Plan, Step
from bot.health import FeedWatch
from bot.jobs import Job, Keep, prune, refresh_people, timetable
from bot.model import Member, iso
from bot.model.evidence import Evidence, Touch
from bot.ports import Channel
from bot.store import SqliteStore
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


class NoRooms:
    """A workspace in which nobody should look."""

    def channel(self, channel: str) -> Channel:
        """A fault."""
        raise AssertionError(channel)

    def member(self, user: str) -> Member:
        """A fault."""
        raise AssertionError(user)

    def group_members(self, group: str) -> Sequence[str]:
        """A fault."""
        raise AssertionError(group)


def nothing_named() -> Doors:
    """No channel to look at."""
    return Doors(NoRooms(), {})


class CountingDirectory:
    """A directory that counts how often it was refreshed."""

    def __init__(self) -> None:
        self.rounds = 0

    def refresh(self) -> None:
        """Count."""
        self.rounds += 1


def all_jobs(plan: Plan = Plan()) -> tuple[Job, ...]:  # noqa: B008 - it is frozen
    """The timetable of a bot that watches nothing."""
    return timetable(KEEP, plan, make_triage(), nothing_named(), FeedWatch([], make_triage()))


def test_every_job_has_its_own_name_and_a_time() -> None:
    """A mistyped time or a second job of the same name would never run."""
    jobs = all_jobs()
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        assert trigger(job.when, "Europe/Zurich").get_next_fire_time(None, NOON)


def test_a_time_may_begin_with_seconds() -> None:
    """Six fields; five mean the full minute."""
    just_past = NOON + timedelta(seconds=1)
    often, minutely = trigger("*/10 * * * * *", "UTC"), trigger("* * * * *", "UTC")
    assert often.get_next_fire_time(None, just_past) == NOON + timedelta(seconds=10)
    assert minutely.get_next_fire_time(None, just_past) == NOON + timedelta(minutes=1)


def test_escalation_goes_by_the_plan(store: SqliteStore, clock: FakeClock) -> None:
    """Every minute, what the settings say is due."""
    plan = Plan(steps=(Step(minutes=10, to=("user:U0LEAD",)),))
    store.keep(judged(make_finding()), make_triage(), clock.iso)
    clock.tick(600)
    job = next(job for job in all_jobs(plan) if job.name == "escalate")
    job.run(make_bot(store, clock))
    assert job.when == "* * * * *"
    assert [link.kind for link in store.links()] == ["alert.escalate"]


def test_people_channels_and_feeds_are_looked_at_at_every_start() -> None:
    """Otherwise nobody could act until the first round, and who should have been called while we
    were away would wait for it; pruning can wait for its hour."""
    at_start = {job.name for job in all_jobs() if job.at_start}
    every_minute = {"escalate", "snoozes", "exceptions", "storms", "feeds"}
    assert at_start == {"people", "channels", *every_minute}


def test_only_jobs_that_ask_slack_wait_for_it() -> None:
    """Whatever leads to a page goes on while Slack finds every question too soon."""
    assert {job.name for job in all_jobs() if job.asks_slack} == {
        "people",
        "channels",
        "pictures",
    }


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
    job = next(job for job in all_jobs() if job.name == "prune")
    job.run(make_bot(store, clock))
    left = {row[0] for row in store.reader.execute("SELECT id FROM records")}
    assert left == {"q-young", "e-young"}
    prune(make_bot(store, clock), Keep(records=1, evidence=1))
    assert store.reader.execute("SELECT count(*) FROM records").fetchone() == (0,)


def test_prune_lets_go_of_what_baselines_forgot(store: SqliteStore, clock: FakeClock) -> None:
    """By the settings' half-life: four of them after its one hour a feature has faded."""
    now = int(NOON.timestamp()) // 3600
    for feature, hour in ((1, now - 41 * 24), (2, now - 39 * 24), (3, now)):
        evidence = Evidence(half_life=240.0, touches=(Touch((9,), 8, feature, hour),))
        store.keep_evidence([(f"r-{feature}", evidence)])
    prune(make_bot(store, clock), Keep(records=30, evidence=400, half_life=20.0))
    assert {feature for feature, _ in store.evidence_of(9)} == {1, 2, 3, 8}
    prune(make_bot(store, clock), Keep(records=30, evidence=400, half_life=10.0))
    assert {feature for feature, _ in store.evidence_of(9)} == {2, 3, 8}
