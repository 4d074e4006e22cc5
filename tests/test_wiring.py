"""The timetable at work: what is due runs, what fails is loud, and the clock may be set back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Unavailable
from bot.jobs import Job
from bot.model import iso
from bot.ports import Bot
from bot.store import SqliteStore
from bot.wiring import Timekeeper
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
