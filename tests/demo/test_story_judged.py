"""The bot's own rules and folding say of the story what the story says of itself."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.aws.routes import trail_file
from bot.demo.story import Frame, Story, story
from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.engine import Engine
from bot.detection.record import Limits, read, to_record
from bot.detection.sigma import load
from bot.model import Alert, Finding, Unreadable
from bot.ports import Blob
from bot.triage import Triage

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


RULES = load()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(RULES)


@pytest.fixture(params=range(21))
def tale(request: pytest.FixtureRequest) -> Story:
    return story(request.param, now=NOW)


def judge(engine: Engine, frames: Sequence[Frame]) -> tuple[dict[str, list[Finding]], int]:
    """Findings by record id, each record once, and how many entries were unreadable."""
    found: dict[str, list[Finding]] = {}
    unreadable = 0
    for frame in frames:
        if frame.route == "digest":
            continue
        for entry in read(Blob(where="story", body=trail_file(frame.records)), Limits()):
            if isinstance(entry, Unreadable):
                unreadable += 1
            else:
                found.setdefault(to_record(entry).id, list(engine.judge(entry)))
    return found, unreadable


def chained(engine: Engine, frames: Sequence[Frame]) -> list[Finding]:
    """What the correlations say of all records, in the order of their delivery, each once."""
    window = ChainWindow(Chains(RULES))
    found: dict[str, Finding] = {}
    for frame in frames:
        if frame.route == "digest":
            continue
        for entry in read(Blob(where="story", body=trail_file(frame.records)), Limits()):
            if not isinstance(entry, Unreadable):
                for finding in window.judge(engine.look(entry).hits, "2026-11-23T16:00:00.000Z"):
                    found.setdefault(finding.id, finding)
    return list(found.values())


def folded(findings: Sequence[Finding]) -> list[Alert]:
    """The alerts of *findings*, as they come in this order."""
    triage = Triage(window=timedelta(hours=1), channel_of=lambda finding: "C0000000001")
    alerts: list[Alert] = []
    for place, finding in enumerate(findings):
        fold_key, target_key = triage.keys(finding)
        candidates = [
            alert
            for alert in reversed(alerts)
            if alert.fold_key == fold_key or (target_key and alert.target_key == target_key)
        ]
        outcome = triage.fold(
            finding,
            candidates,
            functools.partial(str, f"A-{place:05d}"),
            "2026-11-23T16:00:00.000Z",
        )
        alerts = [alert for alert in alerts if alert.id != outcome.alert.id]
        alerts.append(outcome.alert)
    return alerts


def test_every_label_is_what_the_rules_say(engine: Engine, tale: Story) -> None:
    """Each record gives exactly the finding its label names, and ordinary ones give none."""
    found, unreadable = judge(engine, tale.frames)
    spoken = {key: [finding.rule for finding in findings] for key, findings in found.items()}
    assert spoken == {key: [rule] if rule else [] for key, rule in tale.labels.items()}
    assert unreadable == tale.expected.unreadable
    assert len(found) == tale.expected.records


def test_the_alerts_are_those_expected(engine: Engine, tale: Story) -> None:
    """In the order told, and in any other, the findings fold into the expected alerts."""
    found, _ = judge(engine, tale.frames)
    findings = [finding for listed in found.values() for finding in listed]
    findings += chained(engine, tale.frames)
    wanted = Counter((alert.rule, alert.findings) for alert in tale.expected.alerts)
    assert Counter((alert.rule, alert.count) for alert in folded(findings)) == wanted
    for seed in range(3):
        shuffled = random.Random(seed).sample(findings, len(findings))  # noqa: S311 - a test
        assert Counter((alert.rule, alert.count) for alert in folded(shuffled)) == wanted


def test_the_story_shows_what_the_bot_is_for(engine: Engine) -> None:
    """A replay folds in, a new network and a success after a refusal are news."""
    found, _ = judge(engine, story(0, now=NOW).frames)
    alerts = folded([finding for listed in found.values() for finding in listed])
    news = " ".join(line for alert in alerts for line in alert.news)
    assert "network 2001:db8:" in news
    assert "succeeded after being refused" in news
    assert [alert.replays for alert in alerts if alert.replays] == [1, 2]
