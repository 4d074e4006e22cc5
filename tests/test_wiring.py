"""The timetable at work: what is due runs, what fails is loud, and the clock may be set back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import Unavailable
from bot.escalation import Plan, Step
from bot.hours import Hours
from bot.jobs import Job
from bot.model import Level, iso
from bot.ports import Bot
from bot.settings import load
from bot.store import SqliteStore
from bot.wiring import Timekeeper, plan_of
from tests.builders import FakeClock, make_bot
from tests.handlers.stage import eventually

NEVER = "0 0 29 2 *"
Start = Callable[..., Timekeeper]


def fail(error: Exception) -> Callable[[Bot], None]:
    """A job that fails with *error*."""

    def run(_: Bot) -> None:
        raise error

    return run


@pytest.fixture
def errors() -> dict[str, str]:
    """What status shows of jobs."""
    return {}


@pytest.fixture
def begin(store: SqliteStore, errors: dict[str, str]) -> Iterator[Start]:
    """Starts jobs; they are stopped at the end. The scheduler goes by the machine's clock."""
    started: list[Timekeeper] = []

    def begin(*jobs: Job) -> Timekeeper:
        bot = make_bot(store, FakeClock(datetime.now(UTC)))
        started.append(Timekeeper(bot, jobs, "UTC", errors))
        started[-1].start()
        return started[-1]

    yield begin
    for timekeeper in started:
        timekeeper.stop()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("Slack did not answer."), "Job bad: Slack did not answer. It runs again"),
        (KeyError("x"), "Job bad failed or was missed."),
    ],
)
def test_a_job_that_fails_is_loud_and_holds_no_other(
    begin: Start,
    store: SqliteStore,
    caplog: pytest.LogCaptureFixture,
    errors: dict[str, str],
    error: Exception,
    said: str,
) -> None:
    """A fault is one sentence, a bug has its traceback; status names both, neither is a run."""
    begin(Job("bad", NEVER, fail(error), at_start=True), Job("good", NEVER, lambda _: None))

    assert eventually(lambda: said in caplog.text)
    assert eventually(lambda: store.last_run("good") is not None)
    assert store.last_run("bad") is None
    assert eventually(lambda: list(errors) == ["bad"])


def test_who_waits_for_slack_holds_up_nobody(
    begin: Start, store: SqliteStore, request: pytest.FixtureRequest
) -> None:
    """People are asked about for minutes where Slack says slow down; a page is due meanwhile, and
    so is the look at the channels. A stop waits for none of them."""
    answered = threading.Event()
    request.addfinalizer(answered.set)
    timekeeper = begin(
        Job("people", NEVER, lambda _: _until(answered), at_start=True, asks_slack=True),
        Job("channels", NEVER, lambda _: None, at_start=True, asks_slack=True),
        Job("escalate", NEVER, lambda _: None, at_start=True),
    )

    assert eventually(lambda: store.last_run("escalate") is not None)
    assert eventually(lambda: store.last_run("channels") is not None)
    assert store.last_run("people") is None
    begun = time.monotonic()
    timekeeper.stop()
    assert time.monotonic() - begun < 1.0
    answered.set()
    assert eventually(lambda: store.last_run("people") is not None)


def _until(answered: threading.Event) -> None:
    answered.wait(30)


def test_what_ran_today_does_not_run_at_a_start(begin: Start, store: SqliteStore) -> None:
    """Only what was missed for a day is caught up with."""
    now = datetime.now(UTC)
    store.job_ran("fresh", iso(now - timedelta(hours=2)))
    store.job_ran("stale", iso(now - timedelta(hours=25)))
    ran: list[str] = []
    begin(*(Job(one, NEVER, lambda _, one=one: ran.append(one)) for one in ("fresh", "stale")))  # type: ignore[misc]

    assert eventually(lambda: ran == ["stale"])
    assert store.last_run("fresh") == iso(now - timedelta(hours=2))


def test_after_the_clock_was_set_back_jobs_run_at_their_next_time(
    begin: Start, store: SqliteStore
) -> None:
    """Not only when the time comes round again that the faster clock had planned."""
    store.job_ran("often", iso(datetime.now(UTC)))
    timekeeper = begin(Job("often", "* * * * *", lambda _: None))
    planned = datetime.now(UTC) + timedelta(hours=5)
    timekeeper._scheduler.modify_job("often", next_run_time=planned)

    timekeeper.again()

    due = timekeeper._scheduler.get_job("often").next_run_time
    assert due - datetime.now(UTC) <= timedelta(minutes=1)


# ── what the settings say of escalation ─────────────────────────────────────

SETTINGS = """
[slack]
channel = "C0ALERTS"
[people.take]
users = ["U0ANA"]
[people.resolve]
users = ["U0ANA"]
[[escalate]]
after_minutes = 5
to = ["group:S0SOC"]
levels = ["high", "critical"]
"""
TOPIC = '[paging]\nsns_topic = "arn:aws:sns:eu-central-1:111122223333:callwarden"\n'


def plan(tmp_path: Path, text: str) -> Plan:
    """The plan of these settings."""
    file = tmp_path / "callwarden.toml"
    file.write_text(SETTINGS + text, encoding="utf-8")
    return plan_of(load(file, {}, slack=False))


def test_the_settings_steps_are_the_plan(tmp_path: Path) -> None:
    """Nothing is paged without a topic, and without hours none is quiet."""
    step = Step(minutes=5, to=("group:S0SOC",), levels=(Level.HIGH, Level.CRITICAL))
    assert plan(tmp_path, "") == Plan(steps=(step,))


def test_a_topic_pages_criticals(tmp_path: Path) -> None:
    """After as many minutes as the settings say, and ten where they do not."""
    assert plan(tmp_path, TOPIC).steps[1] == Step(minutes=10, to=("page",))
    assert plan(tmp_path, TOPIC + "after_minutes = 0.5\n").steps[1].minutes == 0.5


def test_quiet_hours_are_an_office(tmp_path: Path) -> None:
    """By weekday, and to the end of the day where they say so."""
    text = (
        "[quiet]\ntimezone = 'Asia/Tehran'\ndays = ['sat', 'mon']\nfrom = '07:30'\nto = '24:00'\n"
    )
    hours = plan(tmp_path, text + "holidays = [2026-12-25]\n").hours
    assert hours == Hours(
        timezone="Asia/Tehran",
        days=frozenset({0, 5}),
        start=450,
        end=1440,
        holidays=frozenset({date(2026, 12, 25)}),
    )
