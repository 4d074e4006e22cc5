"""What the wiring makes: a timetable that runs what is due, loudly, and routes with their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Unavailable
from bot.jobs import Job
from bot.model import Level, iso
from bot.ports import Bot
from bot.settings import InstanceSettings, RouteSettings, Settings
from bot.settings.tables import SlackSettings
from bot.store import SqliteStore
from bot.wiring import Timekeeper, channel_of, channels_of
from tests.builders import INSTANCE, FakeClock, make_bot, make_finding, make_record
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


@pytest.mark.parametrize("named", ["prod", INSTANCE])
def test_a_route_by_an_instances_name_or_id_leads_to_its_channel(named: str) -> None:
    """Also where the instance has a channel of its own, which takes what is left."""
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        instance=(InstanceSettings(id=INSTANCE, name="prod", channel="C0PROD"),),
        route=(RouteSettings(channel="C0FIRST", instance=named, level=Level.CRITICAL),),
    )
    where = channel_of(settings)

    assert where(make_finding()) == "C0FIRST"
    assert where(make_finding(level=Level.HIGH)) == "C0PROD"
    assert where(make_finding(make_record(instance=""))) == "C0MAIN"


def test_every_channel_of_the_settings_is_looked_at_once() -> None:
    """By the first place that names it."""
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        instance=(
            InstanceSettings(id=INSTANCE, name="prod", channel="C0PROD"),
            InstanceSettings(id=INSTANCE, name="spare"),
        ),
        route=(
            RouteSettings(channel="C0MAIN", level=Level.HIGH),
            RouteSettings(channel="C0FIRST", level=Level.CRITICAL),
        ),
    )

    assert channels_of(settings) == {
        "C0MAIN": "[slack] channel",
        "C0PROD": "[[instance]] 1, channel",
        "C0FIRST": "[[route]] 2, channel",
    }
