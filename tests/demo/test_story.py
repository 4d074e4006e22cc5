"""The story: every seed tells a true one, and what must come of it is counted rightly."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from bot.demo.story import Frame, Story, story
from bot.demo.story.shapes import Noted, fold

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
SEEDS = range(21)
RULES = {
    "connect_security_profile_updated",
    "connect_emergency_access",
    "connect_flow_logs_disabled",
    "connect_storage_changed",
    "cloudtrail_blinded",
    "connect_user_email_changed",
    "connect_directory_password_reset",
    "connect_user_rights_changed",
    "connect_contact_lens_disabled",
}
CHAINS = {
    "connect_emergency_access_then_changes",
    "connect_identity_taken_then_rights_raised",
    "policy_changed_then_used",
}


@pytest.fixture(params=SEEDS)
def tale(request: pytest.FixtureRequest) -> Story:
    return story(request.param, now=NOW)


def readable(frame: Frame) -> list[dict[str, Any]]:
    if frame.route == "digest":
        return []
    return [record for record in frame.records if isinstance(record, dict)]


def every_record(tale: Story) -> list[dict[str, Any]]:
    """As delivered, repeats too."""
    return [record for frame in tale.frames for record in readable(frame)]


def seconds(tale: Story, record: dict[str, Any]) -> float:
    return (datetime.fromisoformat(record["eventTime"]) - tale.start).total_seconds()


def test_a_seed_tells_the_same_story_twice() -> None:
    """Nothing but the seed and the time decides; another seed tells another story."""
    assert story(7, now=NOW) == story(7, now=NOW)
    assert story(7, now=NOW) != story(8, now=NOW)


def test_it_has_the_size_of_a_demo(tale: Story) -> None:
    """Enough to look like a day, little enough to be told in a minute."""
    assert 25 <= len(tale.frames) <= 42
    assert 150 <= tale.expected.records <= 250


def test_the_counts_are_those_of_the_frames(tale: Story) -> None:
    """Distinct records, repeats and broken entries add up to what is delivered."""
    records = every_record(tale)
    ids = {record["eventID"] for record in records}
    broken = [
        entry for frame in tale.frames for entry in frame.records if not isinstance(entry, dict)
    ]
    assert tale.expected.records == len(ids) == len(tale.labels)
    assert tale.expected.repeats == len(records) - len(ids) > 0
    assert tale.expected.unreadable == len(broken) == 1


def test_a_repeated_record_is_the_same_record(tale: Story) -> None:
    """An eventID never stands for two different records, nor a requestID for two events."""
    by_id: dict[str, dict[str, Any]] = {}
    for record in every_record(tale):
        assert by_id.setdefault(record["eventID"], record) == record
    assert len({record["requestID"] for record in by_id.values()}) == len(by_id)


def test_times_lie_in_the_last_ten_hours_and_rise(tale: Story) -> None:
    """A frame is never delivered before its records happened, nor after now."""
    assert timedelta(hours=10) == NOW - tale.start
    assert [frame.at for frame in tale.frames] == sorted(frame.at for frame in tale.frames)
    for frame in tale.frames:
        times = [seconds(tale, record) for record in readable(frame)]
        assert times == sorted(times)
        assert all(0 <= at <= frame.at <= 36_000 for at in times)


def test_a_file_holds_one_account_and_region(tale: Story) -> None:
    """As CloudTrail writes them."""
    for frame in tale.frames:
        for record in readable(frame):
            place = (record["recipientAccountId"], record["awsRegion"])
            assert place == (frame.account, frame.region)


def test_every_route_is_used(tale: Story) -> None:
    """S3, SNS, EventBridge and a digest."""
    assert {frame.route for frame in tale.frames} == {"s3", "sns", "eventbridge", "digest"}


ACCOUNTS = {"111122223333", "444455556666"}
NETWORKS = re.compile(r"192\.0\.2\.|198\.51\.100\.|203\.0\.113\.")


def test_only_documentation_values_occur(tale: Story) -> None:
    """No account, address or domain of anybody real."""
    text = json.dumps([frame.records for frame in tale.frames])
    numbers = set(re.findall(r"(?<![\w-])\d{12}(?![\w-])", text))
    addresses = re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text)
    hosts = set(re.findall(r"@([\w.]+)", text))
    assert numbers <= ACCOUNTS
    assert [one for one in addresses if not NETWORKS.match(one) and "Chrome" not in one] in (
        [],
        ["142.0.0.0"] * addresses.count("142.0.0.0"),
    )
    assert hosts == {"example.com", "mail.example.com"}
    assert set(re.findall(r"[0-9a-f]{1,4}:[0-9a-f:]+::", text)) <= set(
        re.findall(r"2001:db8:[0-9a-f:]*::", text)
    )


def test_labels_name_the_takeover_and_little_else(tale: Story) -> None:
    """Each rule of the story speaks, and most records are ordinary."""
    spoken = [rule for rule in tale.labels.values() if rule]
    assert set(spoken) == RULES
    assert len(spoken) < tale.expected.records / 6
    findings = tale.expected.findings_by_rule()
    assert sum(findings[rule] for rule in RULES) == len(spoken)
    assert findings.keys() - RULES == CHAINS


def test_the_alerts_are_those_of_the_plot(tale: Story) -> None:
    """Two emergency accesses never share an alert, and the morning's edit has its own."""
    alerts = tale.expected.alerts_by_rule()
    assert alerts["connect_emergency_access"] == 2
    assert alerts["connect_security_profile_updated"] in (2, 3)
    assert alerts["connect_storage_changed"] == 2  # contact records, and recordings
    assert alerts["connect_flow_logs_disabled"] == alerts["cloudtrail_blinded"] == 1
    assert tale.expected.findings_by_rule()["connect_storage_changed"] >= 3


def test_a_refusal_comes_before_its_success(tale: Story) -> None:
    """The storage is removed after the same call was refused, by the same caller."""
    records = sorted(every_record(tale), key=lambda record: record["eventTime"])
    tries = [one for one in records if one["eventName"] == "DisassociateInstanceStorageConfig"]
    outcomes = [one.get("errorCode") for one in tries]
    assert outcomes[0] == "AccessDeniedException"
    assert outcomes[-1] is None
    assert len({one["userIdentity"]["arn"] for one in tries}) == 1


def test_seeds_vary_people_and_counts() -> None:
    """Seeds are different days, not the same one renamed."""
    tales = [story(seed, now=NOW) for seed in SEEDS]
    assert len({tale.expected.records for tale in tales}) > 5
    assert len({tale.expected.findings for tale in tales}) > 2
    assert len({str(tale.frames[-1].records) for tale in tales}) == len(tales)


def noted(at: float, event: str, fold: tuple[str, ...] = ("a",)) -> Noted:
    return Noted(at=at, record={"eventID": event}, rule="rule", fold=fold)


def test_folding_counts_as_the_bot_does() -> None:
    """Within an hour of the first finding is one alert; later, or by another, is a second."""
    notes = [noted(0, "1"), noted(3600, "2"), noted(3601, "3"), noted(10, "4", ("b",))]
    assert [alert.findings for alert in fold([*notes, noted(0, "1")])] == [2, 1, 1]


def test_the_order_of_delivery_changes_nothing(tale: Story) -> None:
    """However the queue shuffles the day, the same alerts come of it."""
    notes = _notes_as_labelled(tale)
    wanted = sorted(map(msgspec.to_builtins, fold(notes)), key=str)
    for seed in range(5):
        shuffled = random.Random(seed).sample(notes, len(notes))  # noqa: S311 - a test
        assert sorted(map(msgspec.to_builtins, fold(shuffled)), key=str) == wanted


def _notes_as_labelled(tale: Story) -> list[Noted]:
    """Notes made from the delivered records alone: actor by ARN, replays left out."""
    notes = []
    for record in every_record(tale):
        arn = record["userIdentity"].get("arn", "")
        if tale.labels[record["eventID"]] and "Synchronization" not in arn:
            rule = tale.labels[record["eventID"]]
            kind = str(record["requestParameters"].get("ResourceType"))
            at = seconds(tale, record)
            notes.append(Noted(at=at, record=record, rule=rule, fold=(arn, kind)))
    return notes


def test_the_replica_comes_before_its_original_on_some_days_and_after_on_others() -> None:
    """Global Resiliency's file overtakes the original's or follows it; both must be told."""
    orders = set()
    for seed in SEEDS:
        tale = story(seed, now=NOW)
        first = {
            region: next(
                place
                for place, frame in enumerate(tale.frames)
                if frame.route == "s3"
                and frame.region == region
                and any(tale.labels[record["eventID"]] for record in readable(frame))
            )
            for region in ("eu-central-1", "eu-west-2")
        }
        orders.add(first["eu-west-2"] < first["eu-central-1"])
    assert orders == {True, False}


def test_every_replay_is_told_as_one(tale: Story) -> None:
    """What arrives from the replica Region is not called an ordinary record."""
    replica = [frame.caption for frame in tale.frames if frame.region == "eu-west-2"]
    assert replica
    assert all(caption.startswith("Global Resiliency repeats") for caption in replica)


def test_messages_and_objects_are_those_of_the_routes(tale: Story) -> None:
    """One message a file, one a record by EventBridge; a digest is announced but never read."""
    routes = [frame.route for frame in tale.frames for _ in frame.records]
    files = [frame for frame in tale.frames if frame.route != "eventbridge"]
    assert tale.messages == routes.count("eventbridge") + len(files)
    assert tale.objects == len(files) - routes.count("digest")
