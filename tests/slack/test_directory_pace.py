"""Who people are, asked no faster than Slack takes it: 20 groups and 100 people a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from bot.demo.slack import Fault, SlackServer, Times
from bot.errors import Unavailable
from bot.model import Allowed, Member
from bot.slack.client import SlackClient
from bot.slack.directory import SlackDirectory
from tests.builders import FakeClock
from tests.slack.desk import MANIFEST

GROUP, PERSON = "usergroups.users.list", "users.info"

Pause = Callable[[float], object]
Open = Callable[..., SlackDirectory]


@pytest.fixture
def slack(clock: FakeClock) -> Iterator[SlackServer]:
    """A workspace with Slack's limits, by the test's clock."""
    with SlackServer(manifest=MANIFEST, times=Times(steady=clock.monotonic)) as server:
        yield server


@pytest.fixture
def open_directory(slack: SlackServer, clock: FakeClock) -> Open:
    """Opens the directory of a bot with these settings; waiting moves the clock."""

    def make(people: Sequence[Allowed], pause: Pause | None = clock.tick) -> SlackDirectory:
        client = SlackClient(slack.bot_token, slack.api_url)
        return SlackDirectory(client, people, timer=clock.monotonic, pause=pause)

    return make


def groups(slack: SlackServer, count: int) -> tuple[str, ...]:
    """So many user groups: deleted ones, and the analysts' as the last."""
    return (*(f"S0{number:04}" for number in range(count - 1)), slack.groups["soc-analysts"])


def nobodies(count: int) -> tuple[str, ...]:
    """Ids of people who have left."""
    return tuple(f"U0{number:04}" for number in range(count))


def known(directory: SlackDirectory, slack: SlackServer, key: str) -> Member | None:
    """What is known of the person without asking."""
    return directory.known(slack.people[key].id, slack.team)


# ── more than Slack takes in a minute ───────────────────────────────────────


def test_more_groups_than_slack_takes_in_a_minute(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """All are asked about in the end, none twice, and meanwhile the people."""
    directory = open_directory([Allowed(groups=groups(slack, 45))])
    start = clock.monotonic()
    directory.refresh()
    assert 120 <= clock.monotonic() - start < 240
    assert len(slack.calls(GROUP)) == 45
    analyst = known(directory, slack, "analyst")
    assert analyst is not None
    assert analyst.groups == (slack.groups["soc-analysts"],)


def test_more_people_than_slack_takes_in_a_minute(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """The round does not fail at the 101st."""
    named = (*nobodies(250), slack.people["admin"].id)
    directory = open_directory([Allowed(users=named)])
    start = clock.monotonic()
    directory.refresh()
    assert 180 <= clock.monotonic() - start < 300
    assert len(slack.calls(PERSON)) == 251
    assert known(directory, slack, "admin")


def test_people_do_not_wait_for_groups(open_directory: Open, slack: SlackServer) -> None:
    """While Slack takes no more questions about groups, it is asked about people."""
    seen: list[bool] = []

    def pause(seconds: float) -> None:
        seen.append(known(directory, slack, "admin") is not None)
        directory.stop()

    admin = Allowed(users=(slack.people["admin"].id,))
    directory = open_directory([Allowed(groups=groups(slack, 45)), admin], pause)
    directory.refresh()
    assert seen == [True]


def test_a_refresh_that_waits_holds_nobody_up(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """Whoever presses a button meanwhile is looked up: a part of each minute is theirs."""
    mine = groups(slack, 30)
    found: list[Member] = []

    def pause(seconds: float) -> None:
        found.append(directory.look_up(slack.people["analyst"].id, slack.team, mine[-1:]))
        clock.tick(seconds)

    directory = open_directory([Allowed(groups=mine)], pause)
    directory.refresh()
    assert found[0].groups == mine[-1:]


def test_a_refresh_during_another_makes_it_begin_anew(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """The second returns at once, and the first asks again about what it had asked before."""
    directory: SlackDirectory

    def pause(seconds: float) -> None:
        if clock.monotonic() == start:
            directory.refresh()
        clock.tick(seconds)

    start = clock.monotonic()
    directory = open_directory([Allowed(groups=groups(slack, 20))], pause)
    directory.refresh()
    assert len(slack.calls(GROUP)) == 16 + 20


def test_a_changed_group_is_asked_about_first(open_directory: Open, slack: SlackServer) -> None:
    """What was forgotten is the oldest news, so nobody waits for the others' turn."""
    mine = groups(slack, 4)
    directory = open_directory([Allowed(groups=mine)])
    directory.refresh()
    directory.forget(mine[2])
    directory.refresh()
    assert slack.calls(GROUP)[4].args["usergroup"] == mine[2]


# ── Slack asks us to slow down ──────────────────────────────────────────────


@pytest.mark.parametrize("method", [GROUP, PERSON])
def test_retry_after_is_waited_for(
    open_directory: Open, slack: SlackServer, clock: FakeClock, method: str
) -> None:
    """The round goes on after it with the very question that was too soon."""
    directory = open_directory([Allowed(groups=groups(slack, 1))])
    slack.order(Fault(method=method, kind="ratelimited", retry_after=30))
    start = clock.monotonic()
    directory.refresh()
    assert clock.monotonic() - start == pytest.approx(30)
    assert known(directory, slack, "analyst")


def test_a_wait_too_long_for_a_job_is_a_fault(open_directory: Open, slack: SlackServer) -> None:
    """Status says so, and what is known stays."""
    mine = groups(slack, 4)
    directory = open_directory([Allowed(groups=mine)])
    directory.refresh()
    before = len(slack.calls(GROUP))
    slack.order(Fault(method=GROUP, kind="ok_false", code="no_such_subteam"))
    slack.order(Fault(method=GROUP, kind="ratelimited", retry_after=900))
    with pytest.raises(Unavailable, match="no more questions about people"):
        directory.refresh()
    assert known(directory, slack, "analyst")
    assert len(slack.calls(GROUP)) == before + 2


def test_a_round_begins_with_those_who_were_not_reached(
    open_directory: Open, slack: SlackServer
) -> None:
    """Slack failed at the second of four: the third is asked about next, and the first last."""
    mine = groups(slack, 4)
    directory = open_directory([Allowed(groups=mine)])
    slack.order(Fault(method=GROUP, kind="ok_false", code="no_such_subteam"))
    slack.order(Fault(method=GROUP, kind="error"))
    with pytest.raises(Unavailable):
        directory.refresh()
    directory.refresh()
    asked = [mine.index(call.args["usergroup"]) for call in slack.calls(GROUP)]
    assert asked == [0, 1, 2, 3, 0, 1]


def test_a_look_up_obeys_retry_after_too(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """Until it is over nobody is looked up, and Slack is not even asked."""
    directory = open_directory([])
    person = slack.people["admin"].id
    slack.order(Fault(method=PERSON, kind="ratelimited", retry_after=30))
    for _ in range(2):
        with pytest.raises(Unavailable):
            directory.look_up(person, slack.team)
    assert len(slack.calls(PERSON)) == 1
    clock.tick(30)
    assert directory.look_up(person, slack.team).user == person


def test_a_look_up_cut_short_goes_on_where_it_was(
    open_directory: Open, slack: SlackServer, clock: FakeClock
) -> None:
    """Thirty groups in one verb: the second try asks only about the rest."""
    mine = groups(slack, 30)
    directory = open_directory([Allowed(groups=mine)])
    person = slack.people["analyst"].id
    with pytest.raises(Unavailable):
        directory.look_up(person, slack.team, mine)
    clock.tick(60)
    assert directory.look_up(person, slack.team, mine).groups == mine[-1:]
    assert (len(slack.calls(GROUP)), len(slack.calls(PERSON))) == (30, 1)


# ── the end of the process ──────────────────────────────────────────────────


def test_a_refresh_that_waits_ends_at_once_when_stopped(
    open_directory: Open, slack: SlackServer
) -> None:
    """It waits for a minute of the machine's, and nobody waits for that."""
    directory = open_directory([Allowed(groups=groups(slack, 20))], None)
    thread = threading.Thread(target=directory.refresh)
    thread.start()
    slack.wait(lambda: len(slack.calls(GROUP)) == 16)
    directory.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert len(slack.calls(GROUP)) == 16


def test_after_the_stop_people_are_still_looked_up(
    open_directory: Open, slack: SlackServer
) -> None:
    """Clicks are heard to the end."""
    directory = open_directory([Allowed(groups=groups(slack, 2))])
    directory.stop()
    directory.refresh()
    assert slack.calls() == []
    assert directory.look_up(slack.people["admin"].id, slack.team).user
