"""callwarden.toml and the environment: every fault at once, each with where and how to mend."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from bot.detection.origin import origins
from bot.errors import BadInput
from bot.model import Allowed, Level, Override, Verb
from bot.settings import HINTS, Secret, Settings, SettingsWrong, load
from tests.detection.mmdb import database

BOT, APP = "xoxb-very-secret-1", "xapp-very-secret-2"
ENVIRON = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}

GOOD = """
[slack]
channel = "C0ALERTS"
[people.take]
groups = ["S0ANALYSTS"]
[people.resolve]
users = ["U0ANA"]
"""

Load = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Writes a settings file and loads it with good tokens, unless told otherwise."""

    def write_and_load(text: str, environ: dict[str, str] | None = None, **how: bool) -> Settings:
        file = tmp_path / "callwarden.toml"
        file.write_text(text, encoding="utf-8")
        return load(file, ENVIRON if environ is None else environ, **how)

    return write_and_load


def faults_of(loaded: Load, text: str, environ: dict[str, str] | None = None) -> dict[str, str]:
    """where → what and how to mend it, of everything wrong in *text*."""
    with pytest.raises(SettingsWrong) as caught:
        loaded(text, environ)
    assert all(fault.what and fault.mend for fault in caught.value.faults)
    for fault in caught.value.faults:
        assert f"{fault.where}: {fault.what} {fault.mend}" in caught.value.sentence
    return {fault.where: f"{fault.what} {fault.mend}" for fault in caught.value.faults}


# ── good settings ───────────────────────────────────────────────────────────


def test_the_least_that_is_needed(loaded: Load, tmp_path: Path) -> None:
    """A channel and who may act; everything else has a default."""
    settings = loaded(GOOD)
    assert settings.slack.channel == "C0ALERTS"
    assert (settings.retention.evidence_days, settings.rules.fold_minutes) == (400, 60)
    assert settings.database == tmp_path / "callwarden.db"
    assert settings.api_url == "https://slack.com/api/"
    assert (settings.bot_token.reveal(), settings.app_token.reveal()) == (BOT, APP)


def test_everything_that_can_be_set(loaded: Load, tmp_path: Path) -> None:
    """Every table of the file, as the documentation writes it."""
    (tmp_path / "own-rules").mkdir()
    settings = loaded(
        GOOD
        + """
        [people.raw]
        users = ["W0LEAD"]
        [[source]]
        queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail"
        name = "main"
        region = "eu-central-1"
        role_arn = "arn:aws:iam::111122223333:role/callwarden-read"
        visibility_seconds = 60
        quiet_minutes = 300
        late_minutes = 5
        [[instance]]
        id = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
        name = "Support"
        channel = "G0SUPPORT"
        [[route]]
        instance = "Support"
        account = "111122223333"
        level = "high"
        tag = "attack.t1078*"
        channel = "C0URGENT"
        [[route]]
        levels = ["low", "medium"]
        channel = "C0QUIET"
        [store]
        path = "state/bot.db"
        [rules]
        folders = ["own-rules"]
        disabled = ["connect_traffic_moved"]
        fold_minutes = 30
        [limits]
        record_bytes = 20000
        [retention]
        records_days = 7
        [jobs]
        timezone = "Europe/Zurich"
        [paging]
        sns_topic = "arn:aws:sns:eu-central-1:111122223333:callwarden"
        region = "eu-central-1"
        role_arn = "arn:aws:iam::111122223333:role/callwarden-page"
        after_minutes = 0.5
        slack_down_minutes = 3
        [quiet]
        timezone = "America/New_York"
        days = ["mon", "sat"]
        from = "07:30"
        to = "24:00"
        holidays = [2026-12-25]
        [[escalate]]
        after_minutes = 5
        to = ["group:S0SOC", "user:W0LEAD", "channel:G0LEADS", "page"]
        levels = ["high", "critical"]
        """
    )
    assert settings.source[0].name == "main"
    assert (settings.source[0].quiet_minutes, settings.source[0].late_minutes) == (300, 5)
    assert settings.instance[0].channel == "G0SUPPORT"
    assert settings.route[0].level is Level.HIGH
    assert settings.route[1].levels == (Level.LOW, Level.MEDIUM)
    assert settings.database == tmp_path / "state" / "bot.db"
    assert settings.people[Verb.RAW] == Allowed(users=("W0LEAD",))
    assert (settings.paging.after_minutes, settings.paging.slack_down_minutes) == (0.5, 3.0)
    assert (settings.quiet.start, settings.quiet.end) == ("07:30", "24:00")
    assert settings.quiet.holidays == (date(2026, 12, 25),)
    assert settings.escalate[0].levels == (Level.HIGH, Level.CRITICAL)


def test_looking_follows_acting(loaded: Load) -> None:
    """Whoever may do anything may look; unless the file says who may look."""
    assert loaded(GOOD).people[Verb.LOOK] == Allowed(users=("U0ANA",), groups=("S0ANALYSTS",))
    everyone = loaded(GOOD + "[people.look]\neveryone = true\n")
    assert everyone.people[Verb.LOOK] == Allowed(everyone=True)


def test_nobody_receives_raw_records_unless_named(loaded: Load) -> None:
    """Least shown: no default opens this door."""
    assert Verb.RAW not in loaded(GOOD).people


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.LOOK])
def test_only_looking_is_for_everyone(loaded: Load, verb: Verb) -> None:
    """Nobody acts and nobody receives raw records who is not named, in person or by a group."""
    others = "".join(f"[people.{one}]\nusers = ['U0ANA']\n" for one in Verb if one is not verb)
    text = f"[slack]\nchannel = 'C0A'\n{others}[people.{verb}]\nusers = ['U0BEN']\n"
    assert loaded(text).people[verb] == Allowed(users=("U0BEN",))

    faults = faults_of(loaded, f"{text}everyone = true\n")

    assert faults == {
        f"people.{verb}.everyone": "Only [people.look] may name everyone. Drop it and name who"
        f' may in [people.{verb}]: users = ["U…"] or groups = ["S…"].'
    }


def test_commands_without_slack_need_no_token(loaded: Load) -> None:
    """Only what speaks to Slack asks for tokens."""
    assert loaded(GOOD, {}, slack=False).bot_token.reveal() == ""


@pytest.mark.parametrize("url", ["https://slack.example/api/", "http://127.0.0.1:8080/api/"])
def test_a_stand_in_may_be_named(loaded: Load, url: str) -> None:
    """Over TLS anywhere, in the clear only on this machine."""
    assert loaded(GOOD, ENVIRON | {"SLACK_API_BASE_URL": url}).api_url == url


# ── faults ──────────────────────────────────────────────────────────────────


def test_all_faults_come_at_once(loaded: Load) -> None:
    """Whoever mends the file mends it once."""
    faults = faults_of(
        loaded,
        """
        chanel = 1
        [slack]
        channel = "#alerts"
        [people.take]
        users = ["@ana"]
        groups = ["soc"]
        [people.resolve]
        [people.nod]
        [[source]]
        queue_url = "https://sqs.eu-central-1.amazonaws.com/1/q"
        [[source]]
        queue_url = "trail"
        visibility = 3
        region = "Frankfurt"
        role_arn = "callwarden"
        [[instance]]
        id = "Support"
        name = ""
        [rules]
        folders = ["not-there"]
        [retention]
        records_days = 0
        [jobs]
        timezone = "Zurich"
        """,
        {},
    )
    assert faults.keys() == {
        "chanel",
        "slack.channel",
        "people.take.users",
        "people.take.groups",
        "people.resolve",
        "people.nod",
        "[[source]] 2, queue_url",
        "[[source]] 2, visibility",
        "[[source]] 2, region",
        "[[source]] 2, role_arn",
        "[[instance]] 1, id",
        "[[instance]] 1, name",
        "rules.folders",
        "retention.records_days",
        "jobs.timezone",
        "environment SLACK_BOT_TOKEN",
        "environment SLACK_APP_TOKEN",
    }


def test_an_unknown_key_is_a_fault_with_a_guess(loaded: Load) -> None:
    """A misspelt setting never passes silently."""
    faults = faults_of(loaded, GOOD + "[rules]\nfold_minuts = 5\n[strore]\n[rules2]\n")
    assert "Did you mean fold_minutes?" in faults["rules.fold_minuts"]
    assert "Did you mean store?" in faults["strore"]
    assert "Did you mean rules?" in faults["rules2"]
    assert (
        "Known here: users, groups, everyone"
        in faults_of(loaded, GOOD.replace("users", "zzz"))["people.resolve.zzz"]
    )


@pytest.mark.parametrize("name", ["home", "bot_token", "app_token", "api_url"])
def test_what_is_not_for_the_file_is_unknown_in_it(loaded: Load, name: str) -> None:
    """A token in the file is a fault, and the fault does not repeat it."""
    faults = faults_of(loaded, f'{name} = "{BOT}"\n' + GOOD)
    assert list(faults) == [name]
    assert BOT not in str(faults)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "slack"),
        ("", "people"),
        ('slack = "C0ALERTS"\n', "slack"),
        ("people = 3\n[slack]\nchannel = 'C0A'\n", "people"),
        (GOOD + "[source]\nqueue_url = 'https://x/y'\n", "source"),
        (GOOD + "[rules]\nfold_minutes = 'ten'\n", "rules.fold_minutes"),
        (GOOD + "[rules]\nfold_minutes = 1441\n", "rules.fold_minutes"),
        (GOOD + "[jobs]\ntimezone = ''\n", "jobs.timezone"),
        (GOOD + "[jobs]\ntimezone = '../../etc/passwd'\n", "jobs.timezone"),
        (GOOD.replace('users = ["U0ANA"]', "users = 'U0ANA'"), "people.resolve.users"),
        (GOOD.replace("[people.resolve]", "[people.raw]"), "people.resolve"),
    ],
)
def test_a_fault_names_its_place(loaded: Load, text: str, where: str) -> None:
    """Missing tables, wrong types and values out of range are found where they are."""
    assert where in faults_of(loaded, text)


def keys_of(table: type[Struct]) -> Iterator[str]:
    """Every key that may stand in a file, in tables and lists of tables alike."""
    for field in msgspec.structs.fields(table):
        inner = [field.type, *get_args(field.type)]
        tables = [one for one in inner if isinstance(one, type) and issubclass(one, Struct)]
        for one in tables:
            yield from keys_of(one)
        if not tables and field.name not in ("home", "bot_token", "app_token", "api_url"):
            yield field.encode_name


def test_every_setting_has_its_mending() -> None:
    """No fault sends people to a folder that an installed wheel does not have."""
    assert set(HINTS) == set(keys_of(Settings))


def test_one_fault_of_a_table_does_not_hide_another(loaded: Load) -> None:
    """A folder that is not there and a queue that stands twice are said beside other faults."""
    source = "[[source]]\nqueue_url = 'https://sqs/1/q'\nregion = 'x'\n"
    text = GOOD + "[rules]\nfolders = ['nope']\nfold_minutes = 0\n" + source * 2

    assert faults_of(loaded, text).keys() == {
        "rules.folders",
        "rules.fold_minutes",
        "[[source]] 1, region",
        "[[source]] 2, region",
        "[[source]]",
    }


def test_an_item_that_is_no_table_is_shown_how_to_write(loaded: Load) -> None:
    """The mending can be typed as it stands."""
    faults = faults_of(loaded, "source = [5]\n" + GOOD)

    assert faults["[[source]] 1"] == "This must be a table. Write [[source]]."


TOPIC = '[paging]\nsns_topic = "arn:aws:sns:eu-central-1:111122223333:callwarden"\n'


def test_all_faults_of_pages_and_escalation_come_at_once(loaded: Load) -> None:
    """Each is named by its place, and so is a step that pages where no topic is set."""
    faults = faults_of(
        loaded,
        GOOD
        + """
        [paging]
        topic = "x"
        region = "Frankfurt"
        after_minutes = 0
        [quiet]
        timezone = "Zurich"
        days = ["monday"]
        from = "8"
        to = "24:01"
        holidays = ["Christmas"]
        [[escalate]]
        after_minutes = 5
        to = ["page"]
        [[escalate]]
        to = ["#soc"]
        levels = ["bad"]
        [[escalate]]
        after_minutes = 1
        to = []
        """,
    )
    assert faults.keys() == {
        *("paging.topic", "paging.region", "paging.after_minutes"),
        *("quiet.timezone", "quiet.days", "quiet.from", "quiet.to", "quiet.holidays"),
        *("[[escalate]] 1, to", "[[escalate]] 2, after_minutes", "[[escalate]] 2, to"),
        *("[[escalate]] 2, levels", "[[escalate]] 3, to"),
    }
    assert "Set sns_topic" in faults["[[escalate]] 1, to"]
    assert "channel:C" in faults["[[escalate]] 2, to"]
    assert "18:00" in faults["quiet.to"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[quiet]\nto = '17:00'\n", "quiet.timezone"),
        ("[quiet]\ntimezone = ''\n", "quiet.timezone"),
        ("[quiet]\ntimezone = 'Zurich'\n", "quiet.timezone"),
        ("[quiet]\ntimezone = 'UTC'\nfrom = '18:00'\n", "quiet.to"),
        (TOPIC + "region = 'eu-west-1'\n", "paging.region"),
        (TOPIC.replace("callwarden", "callwarden.fifo"), "paging.sns_topic"),
        (TOPIC + "[[escalate]]\nafter_minutes = 1\nto = ['user:S0SOC']\n", "[[escalate]] 1, to"),
        ("escalate = 3\n", "escalate"),
    ],
)
def test_hours_and_pages_that_mean_nothing_are_faults(loaded: Load, text: str, where: str) -> None:
    """Hours without a zone, a topic elsewhere, a person who is a group."""
    head, tail = (text, "") if text.startswith("escalate") else ("", text)
    assert list(faults_of(loaded, head + GOOD + tail)) == [where]


def test_without_a_topic_nothing_is_paged_and_no_hour_is_quiet(loaded: Load) -> None:
    """What is not set does nothing; with a topic a step may page."""
    settings = loaded(GOOD)
    assert (settings.paging.sns_topic, settings.quiet.timezone) == (None, "")
    paging = loaded(GOOD + TOPIC + "[[escalate]]\nafter_minutes = 0.01\nto = ['page']\n")
    assert paging.escalate[0].to == ("page",)


def geo(file: str) -> str:
    """Settings that name a file which tells where addresses are."""
    return GOOD + f"[baseline]\ngeo_database = {file}\n"


def test_files_on_addresses_may_be_one_or_several(loaded: Load, tmp_path: Path) -> None:
    """Relative to the settings file; without any nothing is looked up."""
    (tmp_path / "asn.mmdb").write_bytes(database({"203.0.113.0/24": {"asn": "AS64500"}}))
    assert loaded(GOOD).geo_databases == ()
    assert loaded(geo("'asn.mmdb'")).geo_databases == (tmp_path / "asn.mmdb",)
    assert len(loaded(geo("['asn.mmdb', 'asn.mmdb']")).geo_databases) == 2


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("'nope.mmdb'", "'nope.mmdb' cannot be read: no such file"),
        ("'.'", "'.' cannot be read: is a directory"),
        ("['callwarden.toml']", "it is no MaxMind DB file"),
        ("5", "Use a MaxMind DB file's name"),
    ],
)
def test_a_file_on_addresses_that_cannot_be_read_is_a_fault(
    loaded: Load, file: str, said: str
) -> None:
    """At the check of the settings, not at the first record."""
    assert said in faults_of(loaded, geo(file))["baseline.geo_database"]


def test_a_file_on_addresses_needs_its_reader(
    loaded: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault says what to install."""
    (tmp_path / "asn.mmdb").write_bytes(database({"203.0.113.0/24": {"asn": "AS64500"}}))
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    said = faults_of(loaded, geo("'asn.mmdb'"))["baseline.geo_database"]
    assert "pip install 'callwarden[geo]'" in said
    with pytest.raises(BadInput, match="callwarden"):
        origins([tmp_path / "asn.mmdb"])


LONG = "a" * 5_000


@pytest.mark.parametrize("where", ["store.path", "rules.folders", "baseline.geo_database"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("~nobody-has-this-name/x", "there is no such home folder"),
        ("a\\u0000b", "it holds a character that no file's name may hold"),
        (LONG, "file name too long"),
        ("callwarden.toml/x", "not a directory"),
    ],
)
def test_a_path_that_no_system_takes_is_a_fault(
    loaded: Load, where: str, path: str, why: str
) -> None:
    """It is said here with its place, and is no crash of whoever opens it; it is not all shown."""
    table, key = where.split(".")
    value = f'"{path}"' if key == "path" else f'["{path}"]'
    faults = faults_of(loaded, GOOD + f"[{table}]\n{key} = {value}\n")

    assert list(faults) == [where]
    assert f": {why}. " in faults[where]
    assert LONG not in faults[where]


def test_a_store_that_is_still_to_be_made_is_no_fault(loaded: Load, tmp_path: Path) -> None:
    """Its folders are made with it."""
    settings = loaded(GOOD + '[store]\npath = "new/folder/bot.db"\n')

    assert settings.database == tmp_path / "new" / "folder" / "bot.db"


SOURCE = """
[[source]]
queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail"
region = "eu-central-1"
role_arn = "arn:aws:iam::111122223333:role/a"
[[instance]]
id = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
name = "x"
channel = "C0TEAM"
"""


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("C0ALERTS", "slack.channel"),
        ("/111122223333/trail", "[[source]] 1, queue_url"),
        ('= "eu-central-1', "[[source]] 1, region"),
        ("role/a", "[[source]] 1, role_arn"),
        ("695a4b3c2d1e", "[[instance]] 1, id"),
        ("C0TEAM", "[[instance]] 1, channel"),
    ],
)
def test_a_line_break_at_the_end_of_a_value_is_a_fault(
    loaded: Load, value: str, where: str
) -> None:
    """AWS and Slack would be asked for a name that nothing has."""
    text = GOOD + SOURCE
    assert loaded(text).source[0].region == "eu-central-1"

    assert list(faults_of(loaded, text.replace(value, value + "\\n"))) == [where]


@pytest.mark.parametrize("url", ["http://[/x", "https://[::1/x", "https://a b/c", "https:///x"])
def test_a_queue_that_is_no_url_is_a_fault(loaded: Load, url: str) -> None:
    """What no program could take apart is said here, and not by a crash at the start."""
    faults = faults_of(loaded, GOOD + f'[[source]]\nqueue_url = "{url}"\n')

    assert list(faults) == ["[[source]] 1, queue_url"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566/000000000000/trail", "https://vpce-1.sqs.eu-west-1.aws/1/q"]
)
def test_a_queue_may_be_on_this_machine_or_behind_an_endpoint(loaded: Load, url: str) -> None:
    """Its address need not be Amazon's own."""
    assert loaded(GOOD + f'[[source]]\nqueue_url = "{url}"\n').source[0].queue_url == url


@pytest.mark.parametrize(
    ("first", "second", "called"),
    [("", "", "q"), ("name = 'x'\n", "name = 'x'\n", "x"), ("name = 'q'\n", "", "q")],
)
def test_two_sources_of_one_name_are_a_fault(
    loaded: Load, first: str, second: str, called: str
) -> None:
    """Status and alerts would not tell them apart; a queue's name is a name too."""
    text = GOOD + f"[[source]]\nqueue_url = 'https://sqs/1/q'\n{first}"
    twin = "[[source]]\nqueue_url = 'https://sqs/2/q'\n"

    faults = faults_of(loaded, text + twin + second)

    assert faults == {
        "[[source]]": f"Two of them are called '{called}'. Give each a name of its own."
    }
    assert len(loaded(text + twin + "name = 'other'\n").source) == 2


def test_what_stands_twice_is_a_fault(loaded: Load) -> None:
    """Two sources on one queue would share its messages out between them."""
    source = "[[source]]\nqueue_url = 'https://sqs/1/q'\n"
    instance = "[[instance]]\nid = '0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e'\nname = 'x'\n"
    faults = faults_of(loaded, GOOD + source * 2 + instance * 2)
    assert faults.keys() == {"[[source]]", "[[instance]]"}
    assert len(loaded(GOOD + source + source.replace("/q", "/r") + instance).source) == 2


INSTANCES = """
[[instance]]
id = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
name = "prod"
[[instance]]
id = "9f8e7d6c-5b4a-4321-8765-0a1b2c3d4e5f"
name = "training"
"""


@pytest.mark.parametrize("named", ["prod", "9f8e7d6c-5b4a-4321-8765-0a1b2c3d4e5f"])
def test_a_route_names_an_instance_by_name_or_id(loaded: Load, named: str) -> None:
    """Whichever people know it by."""
    text = GOOD + INSTANCES + f'[[route]]\ninstance = "{named}"\nchannel = "C0X"\n'

    assert loaded(text).route[0].instance == named


@pytest.mark.parametrize(
    ("route", "where", "said"),
    [
        ("", "[[route]] 1", "It would catch everything."),
        ("instance = 'prd'", "[[route]] 1, instance", "Did you mean prod?"),
        ("instance = 'x'", "[[route]] 1, instance", "Known: prod, training."),
        ("account = '1111'", "[[route]] 1, account", "12 digits in quotes"),
        ("account = 111122223333", "[[route]] 1, account", "12 digits in quotes"),
        ("level = 'severe'", "[[route]] 1, level", '"high" or "critical"'),
        ("levels = 'high'", "[[route]] 1, levels", 'like ["high", "critical"]'),
        ("levels = []", "[[route]] 1, levels", 'like ["high", "critical"]'),
        ("level = 'low'\nlevels = ['high']", "[[route]] 1", "both level and levels"),
        ("tag = 'attack.*.t1078'", "[[route]] 1, tag", "attack.t1078*"),
        ("tag = '*'", "[[route]] 1, tag", "attack.t1078*"),
        ("severity = 'high'", "[[route]] 1, severity", "Known here: channel, instance"),
    ],
)
def test_a_route_that_cannot_be_meant_is_a_fault(
    loaded: Load, route: str, where: str, said: str
) -> None:
    """Each says how to mend it."""
    faults = faults_of(loaded, GOOD + INSTANCES + f"[[route]]\nchannel = 'C0X'\n{route}\n")

    assert said in faults[where]


def test_a_route_behind_its_twin_is_a_fault(loaded: Load) -> None:
    """It would never be asked; another condition makes it another route."""
    twin = "[[route]]\nlevel = 'high'\nchannel = '{}'\n"
    faults = faults_of(loaded, GOOD + twin.format("C0X") + twin.format("C0Y"))

    assert faults == {"[[route]] 2": "[[route]] 1 catches the same before it. Drop one of them."}
    other = twin.format("C0Y").replace("high", "low")
    assert len(loaded(GOOD + twin.format("C0X") + other).route) == 2


def test_tokens_are_told_apart(loaded: Load) -> None:
    """The two tokens, swapped, are both faults that say which goes where."""
    swapped = {"SLACK_BOT_TOKEN": APP, "SLACK_APP_TOKEN": BOT}
    faults = faults_of(loaded, GOOD, swapped)
    assert "does not begin with xoxb-" in faults["environment SLACK_BOT_TOKEN"]
    assert "does not begin with xapp-" in faults["environment SLACK_APP_TOKEN"]


@pytest.mark.parametrize("name", list(ENVIRON))
@pytest.mark.parametrize("tail", ["\nx", "\r\nx", " x", "\0x", "\x7f", "€", "é", "\u2028x"])
def test_a_token_that_no_header_can_carry_is_a_fault(loaded: Load, name: str, tail: str) -> None:
    """It is found here, before the HTTP library shows all of it in a traceback."""
    faults = faults_of(loaded, GOOD, ENVIRON | {name: ENVIRON[name] + tail})

    assert list(faults) == [f"environment {name}"]
    assert "sign that no token has" in faults[f"environment {name}"]
    assert "very-secret" not in str(faults)


def test_blanks_around_a_token_are_not_part_of_it(loaded: Load) -> None:
    """A file that holds a token usually ends in a line break."""
    settings = loaded(GOOD, {name: f" {token}\r\n" for name, token in ENVIRON.items()})
    assert (settings.bot_token.reveal(), settings.app_token.reveal()) == (BOT, APP)

    faults = faults_of(loaded, GOOD, dict.fromkeys(ENVIRON, " \n"))
    assert all(fault.startswith("It is not set.") for fault in faults.values())


@pytest.mark.parametrize(
    "url", ["http://slack.example/api/", "ftp://127.0.0.1/", "https://", "nonsense", "http://[::1"]
)
def test_a_token_is_never_sent_in_the_clear(loaded: Load, url: str) -> None:
    """A stand-in elsewhere needs TLS, and what is no URL is a fault, not a crash."""
    faults = faults_of(loaded, GOOD, ENVIRON | {"SLACK_API_BASE_URL": url})
    assert list(faults) == ["environment SLACK_API_BASE_URL"]


def test_a_file_that_is_not_there_or_not_toml(loaded: Load, tmp_path: Path) -> None:
    """The sentence names the file and what to do."""
    with pytest.raises(SettingsWrong, match="There is no such file"):
        load(tmp_path / "missing.toml", ENVIRON)
    with pytest.raises(SettingsWrong, match="It cannot be read"):
        load(tmp_path, ENVIRON)
    assert "line 1" in faults_of(loaded, "[slack\n")["file"]
    (tmp_path / "callwarden.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsWrong, match="It cannot be read"):
        load(tmp_path / "callwarden.toml", ENVIRON)


_VALUES = st.recursive(
    st.one_of(
        st.integers(-5, 5),
        st.booleans(),
        st.text("abcCSU0-#'~/", max_size=6).map(lambda text: f'"{text}"'),
    ),
    lambda inner: st.lists(inner, max_size=3).map(
        lambda items: f"[{', '.join(str(item).lower() for item in items)}]"
    ),
    max_leaves=4,
)
_KEYS = st.sampled_from(
    [
        "slack",
        "slack.channel",
        "source",
        "people",
        "people.take",
        "people.take.users",
        "people.look",
        "rules",
        "rules.folders",
        "baseline.geo_database",
        "store.path",
        "jobs.timezone",
        "instance",
        "limits",
        "paging",
        "paging.sns_topic",
        "quiet",
        "quiet.from",
        "quiet.timezone",
        "escalate",
        "route",
        "x",
    ]
)


@given(st.dictionaries(_KEYS, _VALUES.map(str), max_size=6))
def test_no_file_breaks_the_reading(tmp_path: Path, lines: dict[str, str]) -> None:
    """Whatever stands in the file, the answer is settings or faults."""
    text = "\n".join(
        f"{key} = {value.replace('True', 'true').replace('False', 'false')}"
        for key, value in lines.items()
    )
    file = tmp_path / "callwarden.toml"
    file.write_text(text)
    with pytest.raises(SettingsWrong) as caught:
        load(file, {})
    assert caught.value.faults


# ── secrets ─────────────────────────────────────────────────────────────────


def test_a_secret_never_shows_itself(loaded: Load) -> None:
    """Not in repr, str, format or an exception that holds it; only `reveal` gives it away."""
    secret = Secret(BOT)
    settings = loaded(GOOD)
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", repr(settings), str(settings)]
    shown.append(str(ValueError(settings)))
    assert not any("very-secret" in text for text in shown)
    assert repr(Secret("")) == "Secret('')"
    assert copy.deepcopy(secret).reveal() == secret.reveal() == BOT


def test_faults_never_show_a_secret(loaded: Load) -> None:
    """A token that is wrong is described, not repeated."""
    with pytest.raises(SettingsWrong) as caught:
        loaded(GOOD, {"SLACK_BOT_TOKEN": "very-secret", "SLACK_APP_TOKEN": "very-secret"})
    assert "very-secret" not in f"{caught.value} {caught.value!r} {caught.value.faults}"


def test_a_rule_can_be_changed_by_name(loaded: Load) -> None:
    """A misspelt key or a level that there is not is said with its place."""
    good = loaded(GOOD + '[rules.override.some_rule]\nlevel = "high"\nstatus = "shadow"\n')
    with pytest.raises(SettingsWrong) as wrong:
        loaded(GOOD + '[rules.override.some_rule]\nlvl = "high"\nstatus = "loud"\n')

    assert good.rules.override["some_rule"] == Override(level=Level.HIGH, status="shadow")
    assert [fault.where for fault in wrong.value.faults] == [
        "rules.override.some_rule.lvl",
        "rules.override.some_rule.status",
    ]
    assert "Did you mean level?" in str(wrong.value)


HISTORY = "[[source]]\ntype = 'lookup-events'\n"


def test_an_event_history_needs_no_queue(loaded: Load) -> None:
    """It is called after its Region; a second Region, or another account, is another source."""
    west, role = "region = 'eu-west-2'\n", "role_arn = 'arn:aws:iam::111122223333:role/a'\n"
    found = loaded(GOOD + HISTORY + HISTORY + west + HISTORY + west + role + "name = 'x'\n").source
    assert [one.called for one in found] == ["lookup-events", "lookup-events eu-west-2", "x"]
    assert found[0].since_hours == 3.0


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[[source]]\nname = 'x'\n", "[[source]] 1, queue_url"),
        (HISTORY + "queue_url = 'https://sqs/1/q'\n", "[[source]] 1, queue_url"),
        (HISTORY + "visibility_seconds = 60\n", "[[source]] 1, visibility_seconds"),
        (HISTORY + "since_hours = 2161\n", "[[source]] 1, since_hours"),
        (SOURCE.replace("region", "since_hours = 3.0\nregion", 1), "[[source]] 1, since_hours"),
        (HISTORY + "name = 'a'\n" + HISTORY + "name = 'b'\n", "[[source]]"),
        ("[[source]]\ntype = 'kinesis'\n", "[[source]] 1, type"),
    ],
)
def test_what_a_source_of_that_type_has_not_is_a_fault(loaded: Load, text: str, where: str) -> None:
    """A setting that would silently do nothing, and two that would halve each other's pace."""
    assert list(faults_of(loaded, GOOD + text)) == [where]
