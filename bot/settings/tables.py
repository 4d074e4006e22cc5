"""What may stand in callwarden.toml, a table each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from bot.model import Allowed, Level, Override, Verb

Days = Annotated[int, Meta(ge=1, le=36_500)]
# Each ends in \Z: `$` would also match before a line break at the end.
ChannelId = Annotated[str, Meta(pattern=r"^[CG][A-Z0-9]{2,}\Z")]
QueueUrl = Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?/[!-~]+\Z")]
Region = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+\Z")]
RoleArn = Annotated[str, Meta(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+\Z")]
TopicArn = Annotated[
    str, Meta(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}\Z")
]
Minutes = Annotated[float, Meta(ge=0.01, le=43_200)]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Receiver = Annotated[
    str,
    Meta(pattern=r"^(page|(group:S|user:[UW]|channel:[CG])[A-Z0-9]{2,})\Z"),
]
Account = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
Tag = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+\*?\Z")]
InstanceId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]


SQS = "sqs"
LOOKUP_EVENTS = "lookup-events"


def called(name: str, type: str, queue_url: str, region: str) -> str:
    """What a source is called: its *name*, else its queue's or its Region's."""
    if type == LOOKUP_EVENTS:
        return name or f"{LOOKUP_EVENTS} {region}".rstrip()
    return name or queue_name(queue_url)


def queue_name(queue_url: str) -> str:
    """The last part of a queue's URL."""
    return queue_url.partition("://")[2].rpartition("/")[2]


class Secret:
    """A string that never shows itself in logs, errors or `repr`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Hand it to a client; never format it into anything."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)" if self._text else "Secret('')"

    __str__ = __repr__


class SlackSettings(Struct, frozen=True, kw_only=True):
    """`[slack]`: where alerts go."""

    channel: ChannelId


class SourceSettings(Struct, frozen=True, kw_only=True):
    """`[[source]]`: an SQS queue that receives CloudTrail by any of the usual routes, or the event
    history of an account in a Region, by LookupEvents."""

    type: Literal["sqs", "lookup-events"] = "sqs"
    queue_url: QueueUrl = ""
    """Required of a queue."""
    name: str = ""
    region: Region | None = None
    role_arn: RoleArn | None = None
    visibility_seconds: Annotated[int, Meta(ge=10, le=43_200)] = 120
    since_hours: Annotated[float, Meta(ge=0.1, le=2_160)] = 3.0
    """How far back the first reading of a history goes."""
    quiet_minutes: Annotated[int, Meta(ge=1, le=10_080)] | None = None
    """No record for longer than this is a trouble; unset, it is learned."""
    late_minutes: Annotated[int, Meta(ge=1, le=1_440)] = 15

    @property
    def called(self) -> str:
        """What it is called in status, logs and alerts."""
        return called(self.name, self.type, self.queue_url, self.region or "")


class InstanceSettings(Struct, frozen=True, kw_only=True):
    """`[[instance]]`: a Connect instance, its name on cards and, if it has one, its channel."""

    id: InstanceId
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    channel: ChannelId | None = None
    """Alerts about this instance go here instead of `slack.channel`."""


class RouteSettings(Struct, frozen=True, kw_only=True):
    """`[[route]]`: what meets all of its conditions goes to *channel*; the first that fits wins.

    *instance* is the name or id of an `[[instance]]`, *level* that level and worse, *tag* a tag of
    the rule, with `*` at its end also the beginning of one.
    """

    channel: ChannelId
    instance: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    account: Account | None = None
    level: Level | None = None
    levels: Annotated[tuple[Level, ...], Meta(min_length=1)] | None = None
    tag: Tag | None = None


class StoreSettings(Struct, frozen=True, kw_only=True):
    """`[store]`: where the SQLite file lives. A relative path starts at the settings file."""

    path: str = "callwarden.db"


class RulesSettings(Struct, frozen=True, kw_only=True):
    """`[rules]`: folders of your own Sigma rules beside ours, and how findings fold."""

    folders: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    fold_minutes: Annotated[int, Meta(ge=1, le=1440)] = 60
    override: dict[str, Override] = field(default_factory=dict)
    """By the rule's name, as `[rules.override.NAME]`."""


class BaselineSettings(Struct, frozen=True, kw_only=True):
    """`[baseline]`: what is unusual for somebody, and how often that may be said."""

    enabled: bool = True
    budget_per_day: Annotated[int, Meta(ge=1, le=100)] = 3
    warmup_days: Annotated[int, Meta(ge=1, le=90)] = 7
    half_life_days: Annotated[float, Meta(ge=1, le=365)] = 30.0
    memory_rows: Annotated[int, Meta(ge=10_000, le=5_000_000)] = 300_000
    """Rows of evidence held in memory, about 370 bytes each."""
    geo_database: str | tuple[str, ...] = ()
    """MaxMind DB files that tell whose an address is and where."""


class LimitsSettings(Struct, frozen=True, kw_only=True):
    """`[limits]`: what is too large to read. Bytes after decompression."""

    record_bytes: Annotated[int, Meta(ge=10_000)] = 1_048_576
    object_bytes: Annotated[int, Meta(ge=100_000)] = 67_108_864


class RetentionSettings(Struct, frozen=True, kw_only=True):
    """`[retention]`, in days. The ledger is never pruned."""

    records_days: Days = 30
    evidence_days: Days = 400


class JobsSettings(Struct, frozen=True, kw_only=True):
    """`[jobs]`: the time zone of the timetable, by IANA name."""

    timezone: str = "UTC"


class PagingSettings(Struct, frozen=True, kw_only=True):
    """`[paging]`: the SNS topic that wakes people, and when it does. Without one nobody is."""

    sns_topic: TopicArn | None = None
    region: Region | None = None
    role_arn: RoleArn | None = None
    after_minutes: Minutes = 10.0
    """A critical alert that nobody has taken for so long is paged, day or night."""
    slack_down_minutes: Minutes = 2.0
    """So is it when nothing could be sent to Slack for so long."""


class QuietSettings(Struct, frozen=True, kw_only=True):
    """`[quiet]`: outside these hours the minutes of `[[escalate]]` stand still, but not for
    critical alerts. Without a time zone no hour is quiet."""

    timezone: str = ""
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    start: TimeOfDay = field(name="from", default="08:00")
    end: TimeOfDay = field(name="to", default="18:00")
    holidays: tuple[date, ...] = ()


class EscalateSettings(Struct, frozen=True, kw_only=True):
    """`[[escalate]]`: whom to call about an alert that nobody has taken for so long."""

    after_minutes: Minutes
    to: Annotated[tuple[Receiver, ...], Meta(min_length=1)]
    levels: Annotated[tuple[Level, ...], Meta(min_length=1)] = (Level.CRITICAL,)


class StormSettings(Struct, frozen=True, kw_only=True):
    """`[storm]`: when a channel hears one message instead of a card for each alert."""

    cards_per_minute: Annotated[int, Meta(ge=2, le=1000)] = 20
    calm_seconds: Annotated[int, Meta(ge=10, le=3600)] = 60


class Settings(Struct, frozen=True, kw_only=True):
    """All settings, checked."""

    slack: SlackSettings
    source: tuple[SourceSettings, ...] = ()
    instance: tuple[InstanceSettings, ...] = ()
    route: tuple[RouteSettings, ...] = ()
    store: StoreSettings = StoreSettings()
    rules: RulesSettings = RulesSettings()
    baseline: BaselineSettings = BaselineSettings()
    limits: LimitsSettings = LimitsSettings()
    people: dict[Verb, Allowed]
    retention: RetentionSettings = RetentionSettings()
    jobs: JobsSettings = JobsSettings()
    paging: PagingSettings = PagingSettings()
    quiet: QuietSettings = QuietSettings()
    escalate: tuple[EscalateSettings, ...] = ()
    storm: StormSettings = StormSettings()

    # Not in the file: filled in by `load`.
    home: Path = Path()
    bot_token: Secret = Secret("")
    app_token: Secret = Secret("")
    api_url: str = ""

    def beside(self, path: str) -> Path:
        """*path* as the settings file means it: relative to the file itself."""
        return self.home / Path(path).expanduser()

    @property
    def geo_databases(self) -> tuple[Path, ...]:
        """The files of `[baseline] geo_database`."""
        named = self.baseline.geo_database
        return tuple(map(self.beside, (named,) if isinstance(named, str) else named))

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.beside(self.store.path)
