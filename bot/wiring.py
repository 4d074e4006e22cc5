"""build(settings) → Built: the running bot's store, clients, sender and timetable, made here."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import BadInput, Fault
from bot.jobs import Job, Keep, timetable
from bot.model import iso
from bot.ports import Bot, Clock, Feed, Source, Store
from bot.settings import RulesSettings, Settings
from bot.store import SqliteStore
from bot.store.alone import Alone
from bot.storms import Storms

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

    # Slow to import; what only reads the store (ledger, settings) does without them.
    from bot.detection.rule import RuleSet
    from bot.ingest import Ingest
    from bot.slack.client import Identity
    from bot.slack.directory import SlackDirectory
    from bot.slack.outbox import SlackOutbox

log = logging.getLogger(__name__)

OUR_RULES = Path(__file__).parent / "rules"


class SystemClock:
    """`ports.Clock`: the machine's own."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)


class Running:
    """`ports.Pulse`: how the threads of this process are doing."""

    def __init__(
        self, ingests: Sequence[Ingest], outbox: SlackOutbox, job_errors: Mapping[str, str]
    ) -> None:
        self._ingests = ingests
        self._outbox = outbox
        self._job_errors = job_errors

    def feeds(self) -> Sequence[Feed]:
        """One per source."""
        return [ingest.feed() for ingest in self._ingests]

    def sender_error(self) -> str:
        """Why nothing can be sent at all, or ""."""
        return self._outbox.error

    def job_errors(self) -> Mapping[str, str]:
        """Job → why its last run failed."""
        return dict(self._job_errors)


@dataclass(frozen=True)
class Built:
    """The bot and the parts of it that run. `start` and `stop` are called once each."""

    bot: Bot
    identity: Identity
    store: SqliteStore
    alone: Alone
    directory: SlackDirectory
    outbox: SlackOutbox
    ingests: tuple[Ingest, ...]
    timekeeper: Timekeeper
    threads: tuple[threading.Thread, ...]

    def start(self) -> None:
        """Start sending, the timetable and taking records in."""
        self.timekeeper.start()
        for thread in self.threads:
            thread.start()

    def wind_down(self) -> None:
        """Take nothing new in; clicks are still heard and answers still sent. Does not wait."""
        for ingest in self.ingests:
            ingest.stop()
        self.directory.stop()
        self.timekeeper.stop()

    def stop(self, within: float = 8.0) -> bool:
        """Stop cleanly; True where everything ended in time. What waits is on disk."""
        ends = time.monotonic() + within
        self.wind_down()
        self.outbox.stop()
        for thread in self.threads:
            thread.join(max(0.1, ends - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self.threads)
        if ended:
            self.store.close()
        self.alone.close()
        return ended


class Timekeeper:
    """Runs the timetable on apscheduler; `job_runs` remembers what succeeded and when."""

    def __init__(
        self, bot: Bot, jobs: Sequence[Job], timezone: str, errors: dict[str, str] | None = None
    ) -> None:
        """*errors* is kept up to date with why a job's last run failed."""
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        self._bot = bot
        self._jobs = jobs
        self._errors = {} if errors is None else errors
        self._scheduler: Any = BackgroundScheduler(
            timezone=timezone,
            executors={"default": ThreadPoolExecutor(1)},
            # The default drops a job that starts more than a second late.
            job_defaults={"misfire_grace_time": 3600, "coalesce": True, "max_instances": 1},
        )
        self._triggers = {job.name: trigger(job.when, timezone) for job in jobs}
        for job in jobs:
            when = self._triggers[job.name]
            self._scheduler.add_job(self._run, when, args=[job], id=job.name, name=job.name)
        self._scheduler.add_listener(self._missed, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self) -> None:
        """Start, and run at once what is due at every start or was missed while we were away."""
        self._scheduler.start()
        now = self._bot.clock.now()
        day_ago = iso(now - timedelta(days=1))
        for job in self._jobs:
            if job.at_start or (self._bot.store.last_run(job.name) or "") < day_ago:
                self._scheduler.modify_job(job.name, next_run_time=now)

    def again(self) -> None:
        """The clock was set back: the next runs are counted from the time as it is now."""
        for name, when in self._triggers.items():
            self._scheduler.reschedule_job(name, trigger=when)

    def stop(self) -> None:
        """No new runs; one under way is not waited for (every job can be repeated)."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _run(self, job: Job) -> None:
        try:
            job.run(self._bot)
        except Fault as error:
            log.error("Job %s: %s It runs again at its next time.", job.name, error.sentence)
            self._errors[job.name] = error.sentence
            return
        self._errors.pop(job.name, None)
        self._bot.store.job_ran(job.name, iso(self._bot.clock.now()))

    def _missed(self, event: Any) -> None:
        log.error("Job %s failed or was missed.", event.job_id, exc_info=event.exception)
        what = type(event.exception).__name__ if event.exception else "it was missed"
        self._errors[event.job_id] = f"{what}; the log has more."


def trigger(when: str, timezone: str) -> CronTrigger:
    """The times of a cron expression of five fields, or of six: then seconds come first."""
    from apscheduler.triggers.cron import CronTrigger

    *second, minute, hour, day, month, day_of_week = when.split()
    return CronTrigger(
        second=" ".join(second) or 0,
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=day_of_week,
        timezone=timezone,
    )


def read_rules(rules: RulesSettings, home: Path) -> RuleSet:
    """Our rules and those of the settings' folders, which start at *home*.

    Raises BadInput with everything wrong.
    """
    from bot.detection.sigma import load

    folders = [OUR_RULES, *(home / Path(folder).expanduser() for folder in rules.folders)]
    return load(folders, disabled=rules.disabled)


def names_of(settings: Settings) -> Mapping[str, str]:
    """Connect instance id → the name people use."""
    return {instance.id: instance.name for instance in settings.instance}


def channel_of(settings: Settings) -> Callable[[str], str]:
    """Connect instance id → the channel its alerts go to."""
    own = {instance.id: instance.channel for instance in settings.instance if instance.channel}
    return lambda instance: own.get(instance, settings.slack.channel)


def storms_of(settings: Settings) -> Storms:
    """When a channel gets one message instead of cards."""
    return Storms(
        cards_per_minute=settings.storm.cards_per_minute,
        calm=timedelta(seconds=settings.storm.calm_seconds),
    )


def open_store(settings: Settings, *, make: bool = False) -> SqliteStore:
    """The store that the settings name. Raises BadInput where there is none and not *make*."""
    if not make and not settings.database.exists():
        raise BadInput(
            f"There is no store at {settings.database}. Has callwarden run with these settings?",
            where="store.path",
        )
    settings.database.parent.mkdir(parents=True, exist_ok=True)
    return SqliteStore(settings.database)


def build(settings: Settings, *, clock: Clock | None = None) -> Built:
    """Construct everything. Raises a Fault that says what to mend; nothing runs yet."""
    from bot.slack.client import SlackClient
    from bot.slack.directory import SlackDirectory
    from bot.slack.outbox import SlackOutbox

    clock = clock or SystemClock()
    rules = read_rules(settings.rules, settings.home)
    instances = names_of(settings)
    client = SlackClient(settings.bot_token.reveal(), settings.api_url)
    identity = client.identity()
    settings.database.parent.mkdir(parents=True, exist_ok=True)
    alone = Alone(settings.database)
    store = open_store(settings, make=True)
    directory = SlackDirectory(client, list(settings.people.values()), timer=time.monotonic)
    outbox = SlackOutbox(store, client, clock, fallback=settings.slack.channel, instances=instances)
    ingests = _ingests(settings, rules, store, outbox, clock, instances)
    job_errors: dict[str, str] = {}
    bot = Bot(
        store=store,
        clock=clock,
        directory=directory,
        dialogs=client,
        outbox=outbox,
        pulse=Running(ingests, outbox, job_errors),
        team=identity.team,
        people=settings.people,
        instances=instances,
    )
    keep = Keep(settings.retention.records_days, settings.retention.evidence_days)
    jobs = timetable(keep, storms_of(settings))
    timekeeper = Timekeeper(bot, jobs, settings.jobs.timezone, job_errors)
    outbox.when_set_back(timekeeper.again)
    runs = [("sender", outbox.run), *((f"ingest-{n}", i.run) for n, i in enumerate(ingests, 1))]
    return Built(
        bot=bot,
        identity=identity,
        store=store,
        alone=alone,
        directory=directory,
        outbox=outbox,
        ingests=tuple(ingests),
        timekeeper=timekeeper,
        threads=tuple(threading.Thread(target=run, name=name, daemon=True) for name, run in runs),
    )


def _ingests(
    settings: Settings,
    rules: RuleSet,
    store: Store,
    outbox: SlackOutbox,
    clock: Clock,
    instances: Mapping[str, str],
) -> list[Ingest]:
    from bot.aws.clients import Aws
    from bot.aws.sqs import sqs_source
    from bot.detection.engine import Engine
    from bot.detection.record import Limits
    from bot.ingest import Ingest
    from bot.triage import Triage

    aws = Aws()
    limits = Limits(
        record_bytes=settings.limits.record_bytes, object_bytes=settings.limits.object_bytes
    )
    folding = Triage(
        window=timedelta(minutes=settings.rules.fold_minutes),
        channel_of=channel_of(settings),
        storms=storms_of(settings),
    )
    sources: list[Source] = [
        sqs_source(one, aws, object_bytes=limits.object_bytes) for one in settings.source
    ]
    return [
        Ingest(source, Engine(rules, instances=instances), folding, store, outbox, clock, limits)
        for source in sources
    ]
