"""The sender and the limits that all channels share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.slack import Limits, SlackServer, Times
from bot.model import Level, SendKind
from tests.builders import FakeClock
from tests.slack.desk import MAIN, MANIFEST, OTHER, Desk

POST, EDIT = "chat.postMessage", "chat.update"
CHANNELS = (MAIN, OTHER, *(f"team-{number}" for number in range(18)))


@pytest.fixture
def strict(database: Path) -> Iterator[Desk]:
    """A sender in a workspace of twenty channels that takes 40 posts a minute, by one clock."""
    clock = FakeClock(datetime.now(UTC))
    limits, times = Limits(posts_per_minute=40), Times(steady=clock.monotonic)
    with SlackServer(manifest=MANIFEST, limits=limits, channels=CHANNELS, times=times) as slack:
        desk = Desk(slack, database, clock=clock)
        yield desk
        desk.close()


@pytest.fixture
def wide(database: Path) -> Iterator[Desk]:
    """A sender in a workspace of twenty channels in which nothing is too fast."""
    with SlackServer(manifest=MANIFEST, limits=Limits.off(), channels=CHANNELS) as slack:
        desk = Desk(slack, database)
        yield desk
        desk.close()


def storm(desk: Desk, each: int, channels: int = len(CHANNELS)) -> None:
    """So many alerts for each of the first *channels*."""
    for number in range(each):
        for channel in list(desk.slack.channels.values())[:channels]:
            name = f"{number}-{channel}"
            desk.find(f"e-{name}", rule=f"rule_{name}", level=Level.LOW, channel=channel)


def work(desk: Desk, seconds: float) -> None:
    """Let the sender work for so long."""
    ends = desk.clock.monotonic() + seconds
    while desk.clock.monotonic() < ends:
        desk.clock.tick(min(desk.outbox.step(), ends - desk.clock.monotonic()))


def posted(desk: Desk) -> int:
    """Messages that stand in any channel."""
    return sum(len(desk.slack.messages(channel)) for channel in desk.slack.channels.values())


@pytest.mark.parametrize(("channels", "refused"), [(2, 2), (10, 1), (20, 1)])
def test_the_workspace_s_limit_is_run_into_once(strict: Desk, channels: int, refused: int) -> None:
    """Not once by every channel: what Slack says of one is heeded by all, and all arrives."""
    storm(strict, 60 // channels, channels)
    strict.clock.tick(60)
    work(strict, 40)
    early = [call.status for call in strict.slack.calls(POST)]
    assert (early.count(200), early.count(429)) == (40, refused)
    strict.send_all(1000)
    assert posted(strict) == 60


def test_posts_are_counted_over_all_channels(wide: Desk) -> None:
    """A few go at once, and then nearly five a second, whichever their channels are."""
    storm(wide, 3)
    wide.clock.tick(60)
    assert wide.send_all() == pytest.approx(50 * 60 / 290, rel=0.1)
    assert posted(wide) == 60


def test_when_posts_are_short_the_worst_goes_first(wide: Desk) -> None:
    """A critical card takes the next place, before all that waited longer."""
    storm(wide, 1)
    wide.clock.tick(60)
    while not wide.outbox.step():
        pass
    assert posted(wide) == 10
    wide.find("e-critical", rule="rule_critical", channel=list(wide.slack.channels.values())[-1])
    wide.clock.tick(0.3)
    wide.outbox.step()
    [card] = wide.slack.messages(CHANNELS[-1])
    assert "CRITICAL" in str(card).upper()


def test_a_workspace_that_takes_no_posts_takes_edits(wide: Desk) -> None:
    """While every post waits for a minute, cards are still kept up to date."""
    wide.find()
    wide.send_all()
    wide.order(POST, "ratelimited", retry_after=60)
    wide.find("e-2", rule="rule_2", channel=wide.other)
    wide.outbox.step()
    wide.find("e-3", rule="rule_3", channel=wide.slack.channels["team-1"])
    wide.find("e-4")
    work(wide, 59)
    assert (wide.calls(POST), wide.calls(EDIT)) == (2, 1)
    wide.send_all()
    assert posted(wide) == 3


def test_a_limit_on_another_method_holds_no_posts(wide: Desk) -> None:
    """Slack does not let us open a conversation now; that says nothing of posts."""
    wide.find()
    wide.send_all()
    wide.order("conversations.open", "ratelimited", retry_after=60)
    wide.queue(SendKind.DM, channel=wide.slack.people["analyst"].id)
    wide.outbox.step()
    wide.find("e-2", rule="rule_2", channel=wide.other)
    wide.outbox.step()
    assert posted(wide) == 2
