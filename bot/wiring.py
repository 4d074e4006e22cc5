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

from bot.channels import Doors
from bot.errors import BadInput, Fault
from bot.escalation import PAGE, Plan, Step
from bot.health import FeedWatch
from bot.hours import Hours
from bot.inhibition import Inhibition
from bot.jobs import Job, Keep, timetable
from bot.model import Checkup, iso
from bot.places import called_in, channel_of, channels_of, patience_of
from bot.ports import Bot, Clock, Feed, Folding, Gauge, Source, Store
from bot.settings import LOOKUP_EVENTS, QuietSettings, RulesSettings, Settings
from bot.store import SqliteStore
from bot.store.alone import Alone
from bot.storms import Storms

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

    # Slow to import; what only reads the store (ledger, settings) does without them.
    from bot.aws.clients import Aws
    from bot.aws.sns import SnsTopic
    from bot.detection.baseline import Baseline
    from bot.detection.correlate import Chains
    from bot.detection.engine import Engine
    from bot.detection.origin import OriginOf
    from bot.detection.rule import RuleSet
    from bot.ingest import Ingest
    from bot.pager import Pages
    from bot.rulebook import Rulebook
    from bot.slack.client import Identity
    from bot.slack.directory import SlackDirectory
    from bot.slack.outbox import SlackOutbox
    from bot.slack.pictures import SlackPictures

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
        self,
        ingests: Sequence[Ingest],
        outbox: SlackOutbox,
        job_errors: Mapping[str, str],
        doors: Doors,
        watch: FeedWatch,
        baseline: Baseline | None,
    ) -> None:
        self._ingests = ingests
        self._outbox = outbox
        self._job_errors = job_errors
        self._doors = doors
        self._watch = watch
        self._baseline = baseline

    def feeds(self) -> Sequence[Feed]:
        """One per source."""
        return [ingest.feed() for ingest in self._ingests]

    def sender_error(self) -> str:
        """Why nothing can be sent at all, or ""."""
        return self._outbox.error

    def job_errors(self) -> Mapping[str, str]:
        """Job → why its last run failed."""
        return dict(self._job_errors)

    def channel_warnings(self) -> Sequence[str]:
        """What is wrong with the channels that alerts go to, and what to do, a sentence each."""
        return self._doors.warnings()

    def checkups(self) -> Sequence[Checkup]:
        """How each source was when it was last looked at; none before the first look."""
        return self._watch.checkups()

    def baselines(self) -> str:
        """One sentence on what is usual for whom: off, warming up, or today's budget used."""
        return self._baseline.status if self._baseline else "Baselines are off."


@dataclass(frozen=True)
class Built:
    """The bot and the parts of it that run. `start` and `stop` are called once each."""

    bot: Bot
    rulebook: Rulebook
    identity: Identity
    store: SqliteStore
    alone: Alone
    directory: SlackDirectory
    pictures: SlackPictures
    outbox: SlackOutbox
    ingests: tuple[Ingest, ...]
    pages: Pages | None
    timekeeper: Timekeeper
    threads: tuple[threading.Thread, ...]

    def start(self) -> None:
        """Start sending, the timetable and taking records in."""
        if self.pages is None:
            log.warning(
                "No paging topic is set: nobody is woken when nobody takes a critical alert, or "
                "when Slack is down. Set sns_topic under [paging]."
            )
        self.timekeeper.start()
        for thread in self.threads:
            thread.start()

    def wind_down(self) -> None:
        """Take nothing new in; clicks are still heard and answers still sent. Does not wait."""
        for ingest in self.ingests:
            ingest.stop()
        self.directory.stop()
        self.pictures.stop()
        self.timekeeper.stop()

    def stop(self, within: float = 8.0) -> bool:
        """Stop cleanly; True where everything ended in time. What waits is on disk."""
        ends = time.monotonic() + within
        self.wind_down()
        self.outbox.stop()
        if self.pages is not None:
            self.pages.stop()
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
            # Who waits for Slack holds up nobody who is to be paged, nor another who asks Slack.
            executors={
                "default": ThreadPoolExecutor(1),
                "slack": ThreadPoolExecutor(max(1, sum(job.asks_slack for job in jobs))),
            },
            # The default drops a job that starts more than a second late.
            job_defaults={"misfire_grace_time": 3600, "coalesce": True, "max_instances": 1},
        )
        self._triggers = {job.name: trigger(job.when, timezone) for job in jobs}
        for job in jobs:
            when = self._triggers[job.name]
            line = "slack" if job.asks_slack else "default"
            self._scheduler.add_job(
                self._run, when, args=[job], id=job.name, name=job.name, executor=line
            )
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


def read_rules(rules: RulesSettings, home: Path, *, patient: bool = True) -> RuleSet:
    """Our rules and those of the settings' folders, which start at *home*.

    Where *patient*, a file of theirs that cannot be used is left out and named in the set. Raises
    BadInput with everything else that is wrong.
    """
    from bot.detection.sigma import load

    folders = [OUR_RULES, *(home / Path(folder).expanduser() for folder in rules.folders)]
    return load(folders, disabled=rules.disabled, override=rules.override, patient=patient)


def names_of(settings: Settings) -> Mapping[str, str]:
    """Connect instance id → the name people use."""
    return {instance.id: instance.name for instance in settings.instance}


def plan_of(settings: Settings) -> Plan:
    """Who is called about an alert that nobody takes, and when."""
    steps = [
        Step(minutes=one.after_minutes, to=one.to, levels=one.levels) for one in settings.escalate
    ]
    if settings.paging.sns_topic:
        steps.append(Step(minutes=settings.paging.after_minutes, to=(PAGE,)))
    quiet = settings.quiet
    return Plan(steps=tuple(steps), hours=_hours_of(quiet) if quiet.timezone else None)


def _hours_of(quiet: QuietSettings) -> Hours:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Hours(
        timezone=quiet.timezone,
        days=frozenset(names.index(day) for day in quiet.days),
        start=_minutes(quiet.start),
        end=_minutes(quiet.end),
        holidays=frozenset(quiet.holidays),
    )


def _minutes(time_of_day: str) -> int:
    """`08:30` as minutes after midnight."""
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)


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


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    again: Callable[[], RulesSettings] | None = None,
) -> Built:
    """Construct everything. Raises a Fault that says what to mend; nothing runs yet.

    *again* reads `[rules]` anew, for a reload; without one it stays as it is.
    """
    from bot.aws.clients import Aws
    from bot.charts import draw_aside
    from bot.detection.correlate import Chains
    from bot.detection.origin import origins
    from bot.rulebook import Rulebook
    from bot.slack.client import SlackClient
    from bot.slack.directory import SlackDirectory
    from bot.slack.outbox import SlackOutbox
    from bot.slack.pictures import SlackPictures
    from bot.triage import Triage

    clock = clock or SystemClock()
    rules = read_rules(settings.rules, settings.home)
    origin_of = origins(settings.geo_databases)
    instances = names_of(settings)
    client = SlackClient(settings.bot_token.reveal(), settings.api_url)
    identity = client.identity()
    settings.database.parent.mkdir(parents=True, exist_ok=True)
    alone = Alone(settings.database)
    store = open_store(settings, make=True)
    directory = SlackDirectory(client, list(settings.people.values()), timer=time.monotonic)
    outbox = SlackOutbox(store, client, clock, fallback=settings.slack.channel, instances=instances)
    pictures = SlackPictures(client, store, clock, draw_aside, timer=time.monotonic)
    chains = Chains(rules, instances)
    folding = Triage(
        window=timedelta(minutes=settings.rules.fold_minutes),
        channel_of=channel_of(settings),
        storms=storms_of(settings),
        inhibition=Inhibition(rules.relations()),
        correlations=chains,
        origin_of=lambda address: origin_of(address).text,
    )
    aws = Aws()
    sources, gauges = _sources(settings, aws, store, clock)
    baseline = None
    if settings.baseline.enabled:
        baseline = baseline_of(settings, store, origin_of, clock)
    ingests = _ingests(
        settings, rules, chains, sources, folding, store, outbox, clock, instances, baseline
    )
    pages = _pages(settings, store, outbox, clock, aws)
    watch = FeedWatch(gauges, folding, patience_of(settings))
    job_errors: dict[str, str] = {}
    doors = Doors(client, channels_of(settings), called_in(settings))

    def use(found: RuleSet) -> None:
        folding.inhibition = Inhibition(found.relations())
        chains.use(found)
        for ingest in ingests:
            ingest.use(*_engines(found, instances))

    def read() -> RuleSet:
        return read_rules(again() if again else settings.rules, settings.home)

    rulebook = Rulebook(rules, read, use, store, clock)
    bot = Bot(
        store=store,
        clock=clock,
        directory=directory,
        dialogs=client,
        pictures=pictures,
        outbox=outbox,
        pulse=Running(ingests, outbox, job_errors, doors, watch, baseline),
        rules=rulebook,
        team=identity.team,
        people=settings.people,
        instances=instances,
        pages_to=settings.paging.sns_topic or "",
    )
    keep = Keep(
        settings.retention.records_days,
        settings.retention.evidence_days,
        settings.baseline.half_life_days,
    )
    jobs = timetable(keep, plan_of(settings), folding, doors, watch)
    timekeeper = Timekeeper(bot, jobs, settings.jobs.timezone, job_errors)
    outbox.when_set_back(timekeeper.again)
    runs = [
        ("sender", outbox.run),
        *([("pager", pages.run)] if pages else []),
        *((f"ingest-{n}", i.run) for n, i in enumerate(ingests, 1)),
    ]
    return Built(
        bot=bot,
        rulebook=rulebook,
        identity=identity,
        store=store,
        alone=alone,
        directory=directory,
        pictures=pictures,
        outbox=outbox,
        ingests=tuple(ingests),
        pages=pages,
        timekeeper=timekeeper,
        threads=tuple(threading.Thread(target=run, name=name, daemon=True) for name, run in runs),
    )


def topic_of(settings: Settings, aws: Aws | None = None) -> SnsTopic | None:
    """Where pages go; None where no topic is set."""
    from bot.aws.clients import Aws
    from bot.aws.sns import sns_topic

    return sns_topic(settings.paging, aws or Aws())


def _pages(
    settings: Settings, store: Store, outbox: SlackOutbox, clock: Clock, aws: Aws
) -> Pages | None:
    """What wakes people; None where no topic is set."""
    from bot.pager import Pages

    topic = topic_of(settings, aws)
    if topic is None:
        return None
    return Pages(
        store,
        topic,
        clock,
        outbox.contact,
        patience=timedelta(minutes=settings.paging.slack_down_minutes),
        instances=names_of(settings),
        channel=settings.slack.channel,
        wake=outbox.wake,
    )


def _sources(
    settings: Settings, aws: Aws, store: Store, clock: Clock
) -> tuple[list[Source], list[Gauge]]:
    """The sources, and what tells how much waits at each."""
    from bot.aws.backlog import sqs_gauge
    from bot.aws.lookup import lookup_source
    from bot.aws.sqs import sqs_source

    sources: list[Source] = []
    gauges: list[Gauge] = []
    for one in settings.source:
        if one.type == LOOKUP_EVENTS:
            history = lookup_source(one, aws, store, clock)
            sources.append(history)
            gauges.append(history)
        else:
            sources.append(sqs_source(one, aws, object_bytes=settings.limits.object_bytes))
            gauges.append(sqs_gauge(one, aws))
    return sources, gauges


def _ingests(
    settings: Settings,
    rules: RuleSet,
    chains: Chains,
    sources: Sequence[Source],
    folding: Folding,
    store: SqliteStore,
    outbox: SlackOutbox,
    clock: Clock,
    instances: Mapping[str, str],
    baseline: Baseline | None,
) -> list[Ingest]:
    from bot.detection.record import Limits
    from bot.ingest import Ingest

    limits = Limits(
        record_bytes=settings.limits.record_bytes, object_bytes=settings.limits.object_bytes
    )
    made = []
    for source in sources:
        engine, shadows = _engines(rules, instances)
        made.append(
            Ingest(
                source,
                engine,
                folding,
                store,
                outbox,
                clock,
                limits,
                shadows=shadows,
                chains=chains,
                baseline=baseline,
            )
        )
    return made


def _engines(rules: RuleSet, instances: Mapping[str, str]) -> tuple[Engine, Engine | None]:
    """Who judges aloud, and who counts what shadow rules would say; each for one thread."""
    from bot.detection.engine import Engine
    from bot.rulebook import aloud

    hushed = aloud(rules)
    return (
        Engine(rules, instances=instances),
        Engine(hushed, instances=instances) if len(hushed) else None,
    )


def baseline_of(
    settings: Settings, store: SqliteStore, origin_of: OriginOf, clock: Clock
) -> Baseline:
    """The baselines that the settings ask for; one for all sources."""
    from bot.detection.baseline import Baseline, Tuning

    chosen = settings.baseline
    tuning = Tuning(
        budget_per_day=chosen.budget_per_day,
        warmup_days=chosen.warmup_days,
        half_life_days=chosen.half_life_days,
        memory_rows=chosen.memory_rows,
    )
    baseline = Baseline(tuning, store, origin_of, clock.now)
    log.info("%s", baseline.status)
    return baseline
