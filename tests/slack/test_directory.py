"""Who people are: what is known without asking, and what nobody is believed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from bot.demo.slack import Fault, Limits, SlackServer
from bot.errors import Unavailable
from bot.model import Allowed
from bot.slack.client import SlackClient
from bot.slack.directory import HARD_TTL, SlackDirectory
from tests.builders import FakeClock
from tests.slack.desk import MANIFEST


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A workspace with people and user groups."""
    with SlackServer(manifest=MANIFEST, limits=Limits.off()) as server:
        yield server


@pytest.fixture
def directory(slack: SlackServer, clock: FakeClock) -> SlackDirectory:
    """The directory of a bot whose settings name one group and one person."""
    people = [
        Allowed(groups=(slack.groups["soc-analysts"],)),
        Allowed(users=(slack.people["admin"].id,)),
    ]
    client = SlackClient(slack.bot_token, slack.api_url)
    return SlackDirectory(client, people, timer=clock.monotonic)


def known(
    directory: SlackDirectory, slack: SlackServer, key: str, groups: Sequence[str] = ()
) -> bool:
    """Whether it is known without asking who the person is, and if they are in one of *groups*."""
    return directory.known(slack.people[key].id, slack.team, groups) is not None


def test_nobody_is_known_before_slack_was_asked(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """`known` makes no call, so no ack ever waits for it."""
    assert not known(directory, slack, "analyst")
    assert slack.calls() == []


def test_after_a_refresh_those_in_the_settings_are_known(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """Members of named groups and named people, with the groups they are in; others not."""
    directory.refresh()
    calls = len(slack.calls())
    analyst = directory.known(slack.people["analyst"].id, slack.team)
    admin = directory.known(slack.people["admin"].id, slack.team)
    assert analyst is not None
    assert admin is not None
    assert analyst.groups == (slack.groups["soc-analysts"],)
    assert (analyst.name, admin.groups) == (slack.people["analyst"].name, ())
    assert not known(directory, slack, "guest")
    assert len(slack.calls()) == calls


def test_a_person_can_be_looked_up(directory: SlackDirectory, slack: SlackServer) -> None:
    """Asking once makes them known: a guest as a guest, a stranger with their own team."""
    guest = directory.look_up(slack.people["guest"].id, slack.team)
    stranger = directory.look_up(slack.people["stranger"].id, slack.team)
    left = directory.look_up(slack.people["deactivated"].id, slack.team)
    assert (guest.guest, stranger.team != slack.team, left.deleted) == (True, True, True)
    assert known(directory, slack, "guest")


def test_whom_slack_does_not_know_cannot_be_looked_up(directory: SlackDirectory) -> None:
    """An unknown person is a fault with a sentence, never a member."""
    with pytest.raises(Unavailable, match="would not say who U0NOBODY is"):
        directory.look_up("U0NOBODY", "T1")
    assert directory.known("U0NOBODY", "T1") is None


def test_why_a_look_up_was_in_vain_is_remembered(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """Until it goes well: whoever waits for it can be told."""
    person = slack.people["analyst"].id
    for user in ("U0NOBODY", person):
        assert directory.refusal(user) == ""
    directory.look_up(person, slack.team)
    with pytest.raises(Unavailable):
        directory.look_up("U0NOBODY", "T1")
    assert "would not say who U0NOBODY is" in directory.refusal("U0NOBODY")
    assert directory.refusal(person) == ""


# ── groups ──────────────────────────────────────────────────────────────────

GONE = "S0DELETED"


def test_only_the_groups_that_decide_must_be_known(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """One group that holds the person is enough; where none of the known does, all must be."""
    analysts = slack.groups["soc-analysts"]
    directory.refresh()
    assert known(directory, slack, "analyst", [GONE, analysts])
    assert known(directory, slack, "admin", [analysts])
    assert not known(directory, slack, "admin", [GONE, analysts])


def test_a_look_up_asks_about_no_more_groups_than_it_must(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """None where none decides, and none after the first that holds the person."""
    analysts = slack.groups["soc-analysts"]
    person = slack.people["analyst"].id
    assert directory.look_up(person, slack.team).groups == ()
    assert len(slack.calls("usergroups.users.list")) == 0
    assert directory.look_up(person, slack.team, [analysts, GONE]).groups == (analysts,)
    assert len(slack.calls("usergroups.users.list")) == 1


def test_a_group_that_slack_refuses_lets_nobody_in_and_is_named_once(
    directory: SlackDirectory, slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A deleted group is an empty one: who asks hears a no, not that Slack would not say."""
    person = slack.people["admin"].id
    for _ in range(2):
        assert directory.look_up(person, slack.team, [GONE]).groups == ()
    assert known(directory, slack, "admin", [GONE])
    directory.forget()
    directory.look_up(person, slack.team, [GONE])
    assert [GONE in line for line in caplog.messages] == [True]


# ── news ────────────────────────────────────────────────────────────────────


def test_old_news_is_not_believed(
    directory: SlackDirectory, slack: SlackServer, clock: FakeClock
) -> None:
    """After an hour without an answer from Slack people are unknown again."""
    directory.refresh()
    clock.tick(HARD_TTL - 1)
    assert known(directory, slack, "analyst")
    clock.tick(2)
    assert not known(directory, slack, "analyst")


def test_a_refresh_that_fails_keeps_what_was_known(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """Slack being down for a moment locks nobody out, and the next refresh works."""
    directory.refresh()
    slack.order(Fault(method="usergroups.users.list", kind="error"))
    with pytest.raises(Unavailable):
        directory.refresh()
    assert known(directory, slack, "analyst")
    directory.refresh()


def test_who_left_the_group_is_out_of_it_after_a_refresh(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """A group that Slack no longer knows lets nobody in; the others are still refreshed."""
    directory.refresh()
    slack.order(Fault(method="usergroups.users.list", kind="ok_false", code="no_such_subteam"))
    directory.refresh()
    analyst = directory.known(slack.people["analyst"].id, slack.team)
    assert analyst is not None
    assert analyst.groups == ()
    assert known(directory, slack, "admin")


def test_a_person_whom_slack_no_longer_knows_is_forgotten(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """A refusal about one person does not keep the old answer, nor stop the round."""
    directory.refresh()
    fault = Fault(method="users.info", kind="ok_false", code="user_not_found", times=1)
    slack.order(fault)
    directory.refresh()
    keys = ("analyst", "analyst2", "admin")
    assert [known(directory, slack, key) for key in keys].count(False) == 1


def test_forgetting_a_group_leaves_who_people_are(
    directory: SlackDirectory, slack: SlackServer
) -> None:
    """Nobody is believed to be in it until Slack was asked; those who need no group may act."""
    analysts = slack.groups["soc-analysts"]
    directory.refresh()
    directory.forget(analysts)
    assert not known(directory, slack, "analyst", [analysts])
    assert known(directory, slack, "analyst")
    directory.refresh()
    assert known(directory, slack, "analyst", [analysts])


def test_forgetting_one_or_all(directory: SlackDirectory, slack: SlackServer) -> None:
    """What is dropped must be asked about again."""
    directory.refresh()
    directory.forget(slack.people["analyst"].id)
    assert not known(directory, slack, "analyst")
    assert known(directory, slack, "admin")
    directory.forget()
    assert not known(directory, slack, "admin")
    directory.forget("U0NOBODY")
