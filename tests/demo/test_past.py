"""The two weeks before the day: usual, quiet, and the same for the same seed."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.demo.aws.folder import write_folder
from bot.demo.aws.routes import trail_file
from bot.demo.story import after, past, past_frames, story
from bot.detection.engine import Engine
from bot.detection.record import Limits, read
from bot.detection.sigma import load
from bot.model import Level, Unreadable
from bot.ports import Blob

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
START = NOW - timedelta(hours=10)
SEEDS = range(6)

Record = dict[str, Any]


@pytest.fixture(params=SEEDS, scope="module")
def weeks(request: pytest.FixtureRequest) -> tuple[Record, ...]:
    return past(request.param, now=NOW)


def when(record: Record) -> datetime:
    return datetime.fromisoformat(record["eventTime"])


def caller(record: Record) -> str:
    identity = record["userIdentity"]
    return str(identity.get("arn") or identity.get("invokedBy") or identity["principalId"])


def test_a_seed_tells_the_same_past_twice() -> None:
    """Nothing but the seed and the time decides."""
    assert past(7, now=NOW) == past(7, now=NOW)
    assert past(7, now=NOW) != past(8, now=NOW)


def test_the_day_is_the_same_with_and_without_its_past() -> None:
    """The past draws its own lots, and no record of it is one of the day's."""
    day = story(3, now=NOW)
    past(3, now=NOW)
    assert story(3, now=NOW) == day
    assert not day.labels.keys() & {record["eventID"] for record in past(3, now=NOW)}


def test_it_is_fourteen_days_up_to_the_day(weeks: tuple[Record, ...]) -> None:
    """In order, each record once, none in the story's own day."""
    times = [when(record) for record in weeks]
    assert times == sorted(times)
    assert START - timedelta(days=14) <= times[0] < START - timedelta(days=13)
    assert START - timedelta(days=1) < times[-1] < START
    assert len({record["eventID"] for record in weeks}) == len(weeks)


def test_weekdays_are_busy_and_weekends_are_not(weeks: tuple[Record, ...]) -> None:
    """A few thousand records."""
    days = Counter(when(record).date() for record in weeks)
    whole = sorted(days)[1:-1]
    weekdays = [days[day] for day in whole if day.weekday() < 5]
    weekend = [days[day] for day in whole if day.weekday() >= 5]
    assert 4_000 <= len(weeks) <= 6_500
    assert all(330 <= number <= 750 for number in weekdays)
    assert all(number <= 150 for number in weekend)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load())


def test_no_rule_speaks_aloud_of_it(engine: Engine, weeks: tuple[Record, ...]) -> None:
    """The pack as it is shipped has nothing of level medium or worse to say, and little else."""
    found: Counter[tuple[str, Level]] = Counter()
    for entry in read(Blob(where="past", body=trail_file(weeks)), Limits()):
        assert not isinstance(entry, Unreadable)
        found.update((one.rule, one.level) for one in engine.judge(entry))
    loud = {Level.MEDIUM, Level.HIGH, Level.CRITICAL}
    assert [rule for rule, level in found if level in loud] == []
    assert sum(found.values()) <= 20


def test_only_documentation_values_occur(weeks: tuple[Record, ...]) -> None:
    """No account or address of anybody real."""
    text = json.dumps(weeks)
    assert set(re.findall(r"(?<![\w-])\d{12}(?![\w-])", text)) <= {"111122223333", "444455556666"}
    addresses = {record["sourceIPAddress"] for record in weeks}
    assert all(
        one.startswith(("192.0.2.", "198.51.100."))
        or one.endswith(".amazonaws.com")
        or one == "AWS Internal"
        for one in addresses
    )


def test_what_happens_now_and_then_happens(weeks: tuple[Record, ...]) -> None:
    """A storm of refusals by log delivery, replays, Config's rounds, a deployment by night."""
    refused = [record for record in weeks if record.get("errorCode") == "AccessDenied"]
    assert {caller(record) for record in refused} == {"delivery.logs.amazonaws.com"}
    assert len(refused) >= 200
    assert len({when(record).date() for record in refused}) == 2
    replays = [record for record in weeks if record["awsRegion"] == "eu-west-2"]
    assert len(replays) > 10
    assert {record["eventName"] for record in replays} == {"UpdateQueueMaxContacts"}
    deployed = [r for r in weeks if r["eventName"] == "UpdateContactFlowContent"]
    nights = {when(record).date() for record in deployed if when(record).hour < 5}
    assert len(nights) == 1
    assert any(8 <= when(record).hour < 12 for record in deployed)
    assert sum("AWSServiceRoleForConfig" in caller(record) for record in weeks) > 500


def test_a_newcomer_begins_after_they_were_made(weeks: tuple[Record, ...]) -> None:
    """Made by a lead with the ordinary profile; from the next day on they work like the others."""
    [made] = [record for record in weeks if record["eventName"] == "CreateUser"]
    theirs = [r for r in weeks if caller(r).endswith("/" + made["responseElements"]["UserId"])]
    assert theirs
    assert all(when(record).date() > when(made).date() for record in theirs)
    assert len({when(record).date() for record in theirs}) >= 3


def test_people_keep_the_hours_of_their_own_site(weeks: tuple[Record, ...]) -> None:
    """New York begins six hours after Zurich; nobody works at the weekend's nights."""
    statuses = [record for record in weeks if record["eventName"] == "PutUserStatus"]
    first: dict[tuple[str, object], float] = {}
    for record in statuses:
        at = when(record)
        key = (caller(record).rpartition("/")[2], at.date())
        first[key] = min(first.get(key, 24.0), at.hour + at.minute / 60)
    hours: dict[str, list[float]] = {}
    for (person, _), hour in first.items():
        hours.setdefault(person, []).append(hour)
    begin = sorted(min(one) for one in hours.values())
    assert 6.5 <= begin[0] < 8.5
    assert [hour for hour in begin if 12.5 <= hour < 15] == begin[-3:]


def test_it_can_be_told_at_any_hour() -> None:
    """Also over a change of the clocks, and at the turn of a day."""
    for now in (datetime(2026, 10, 27, 3, 0, tzinfo=UTC), datetime(2026, 3, 31, 10, 0, tzinfo=UTC)):
        weeks = past(1, now=now)
        end = now - timedelta(hours=10)
        assert all(end - timedelta(days=14) <= when(record) < end for record in weeks)
        assert len(weeks) > 3_500


def test_its_files_hold_all_of_it() -> None:
    """One for each day, account and Region; told after, the day expects so many records more."""
    day = story(2, now=NOW)
    frames = past_frames(2, now=NOW, start=day.start)
    records = [record for frame in frames for record in frame.records]
    assert sorted(map(str, records)) == sorted(map(str, past(2, now=NOW)))
    for frame in frames:
        assert frame.at < 0
        for record in frame.records:
            assert isinstance(record, dict)
            place = (record["recipientAccountId"], record["awsRegion"])
            assert place == (frame.account, frame.region)
            assert when(record) <= day.start + timedelta(seconds=frame.at)
    whole = after(frames, day)
    assert whole.expected.records == day.expected.records + len(records) == len(whole.labels)
    assert whole.expected.alerts == day.expected.alerts
    assert whole.objects == day.objects + len(frames)


def test_it_can_be_told_in_few_files() -> None:
    """All of it in a file for each week; the bot is not kept waiting at its start."""
    few = past_frames(2, now=NOW, start=START, days_a_file=7)
    assert len(few) <= 12
    assert sum(len(frame.records) for frame in few) == len(past(2, now=NOW))


def test_a_folder_of_it_is_laid_out_like_the_bucket(tmp_path: Path) -> None:
    """So that whatever reads a trail's files reads these."""
    frames = past_frames(2, now=NOW, start=START)
    assert write_folder(frames, START, tmp_path) == len(frames)
    files = sorted(tmp_path.rglob("*.json.gz"))
    assert len(files) == len(frames)
    first = files[0].relative_to(tmp_path).as_posix()
    assert first.startswith("AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/09/")
    bodies = [Blob(where=str(file), body=file.read_bytes()) for file in files]
    entries = [entry for body in bodies for entry in read(body, Limits())]
    assert len(entries) == len(past(2, now=NOW))
