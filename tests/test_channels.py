"""Who can read the channels of alerts: warned of with what to do, and looked at again."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.channels import Doors, unseen, warnings
from bot.errors import Fault, Refused, Unavailable
from bot.model import Member
from bot.ports import Channel

MAIN, OTHER = "C0MAIN", "C0OTHER"


def a_channel(channel: str = MAIN, **changes: Any) -> Channel:
    """A channel as it should be: private, ours alone, with us in it."""
    fields: dict[str, Any] = {"id": channel, "name": "alerts", "private": True, "member": True}
    return Channel(**(fields | changes))


class FakeRooms:
    """`ports.Rooms` that answers with what it was given; a fault is raised."""

    def __init__(self, **rooms: Channel | Fault) -> None:
        self.rooms = rooms
        self.people: dict[str, Member | Fault] = {}
        self.groups: dict[str, list[str] | Fault] = {}

    def channel(self, channel: str) -> Channel:
        """The channel."""
        found = self.rooms[channel]
        if isinstance(found, Fault):
            raise found
        return found

    def member(self, user: str) -> Member:
        """The person."""
        found = self.people[user]
        if isinstance(found, Fault):
            raise found
        return found

    def group_members(self, group: str) -> list[str]:
        """Who is in the group."""
        found = self.groups[group]
        if isinstance(found, Fault):
            raise found
        return found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"private": False}, ["#alerts (C0MAIN) is public: anyone in the workspace can read it."]),
        ({"shared": True}, ["#alerts (C0MAIN) is shared with another workspace"]),
        ({"archived": True, "member": False}, ["#alerts (C0MAIN) is archived: nothing can"]),
        ({"member": False}, ["I am not a member of #alerts (C0MAIN)"]),
        (
            {"private": False, "shared": True, "member": False, "name": ""},
            ["I am not a member of C0MAIN", "C0MAIN is public", "C0MAIN is shared"],
        ),
    ],
)
def test_a_channel_is_warned_of_for_each_thing_wrong(
    changes: dict[str, Any], said: list[str]
) -> None:
    """Each sentence names the channel and ends in what to do; a private one of ours has none."""
    found = warnings(a_channel(**changes))

    assert [line[: len(start)] for line, start in zip(found, said, strict=True)] == said
    for line in found:
        assert line.endswith(
            (
                "Write /invite @callwarden in it.",
                "or name a private channel.",
                "or name a channel of your own.",
                "or name another channel in the settings.",
            )
        )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("missing_scope", "install it again"),
        ("channel_not_found", "Slack shows me no channel C0MAIN ([slack] channel)"),
        ("method_not_supported_for_channel_type", "UNKNOWN who can read C0MAIN"),
    ],
)
def test_a_channel_that_may_not_be_looked_at_is_unknown_not_fine(code: str, said: str) -> None:
    """The reason is said, and how to mend it where that is known."""
    refused = Refused("conversations.info", code, f"Slack refused conversations.info: {code}.")

    assert said in unseen(MAIN, "[slack] channel", refused)


def test_a_warning_is_logged_once_and_shown_until_it_is_mended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An hourly look is no hourly noise; what is mended is gone from status."""
    rooms = FakeRooms(C0MAIN=a_channel(private=False), C0OTHER=a_channel(OTHER))
    doors = Doors(rooms, {MAIN: "[slack] channel", OTHER: "[[route]] 1, channel"})
    assert doors.warnings() == ()

    doors.look()
    doors.look()

    assert [line.partition(":")[0] for line in doors.warnings()] == ["#alerts (C0MAIN) is public"]
    assert caplog.text.count("is public") == 1
    rooms.rooms = {MAIN: a_channel(), OTHER: a_channel(OTHER)}
    with caplog.at_level(logging.INFO):
        doors.look()
    assert doors.warnings() == ()
    assert "as they should be again" in caplog.text


def test_a_missing_scope_is_said_once_for_all_channels() -> None:
    """It is one thing to mend."""
    refused = Refused("conversations.info", "missing_scope", "Slack refused: missing_scope.")
    doors = Doors(FakeRooms(C0MAIN=refused, C0OTHER=refused), {MAIN: "a", OTHER: "b"})

    doors.look()

    assert len(doors.warnings()) == 1


def test_while_slack_does_not_answer_the_last_look_stands() -> None:
    """The others are looked at all the same, and the job fails loudly."""
    rooms = FakeRooms(C0MAIN=a_channel(private=False), C0OTHER=a_channel(OTHER))
    doors = Doors(rooms, {MAIN: "a", OTHER: "b"})
    doors.look()
    down = Unavailable("Slack did not answer conversations.info (TimeoutError).")
    rooms.rooms = {MAIN: down, OTHER: a_channel(OTHER, archived=True)}

    with pytest.raises(Unavailable, match=r"did not answer conversations\.info"):
        doors.look()

    assert [line.split(" is ")[0] for line in doors.warnings()] == [
        "#alerts (C0MAIN)",
        "#alerts (C0OTHER)",
    ]


def test_those_who_are_called_are_looked_at_too() -> None:
    """Who left, who is nobody, an empty group: nobody would hear. The others are no warning."""
    rooms = FakeRooms()
    rooms.people = {
        "U0ANA": Member(user="U0ANA", team="T1", name="Ana"),
        "U0GONE": Member(user="U0GONE", team="T1", name="Eve", deleted=True),
        "U0ROBOT": Member(user="U0ROBOT", team="T1", name="robot", bot=True),
        "U0WRONG": Refused("users.info", "user_not_found", "Slack refused users.info."),
    }
    rooms.groups = {
        "S0SOC": ["U0ANA"],
        "S0EMPTY": [],
        "S0WRONG": Refused("usergroups.users.list", "no_such_subteam", "Slack refused it."),
    }
    doors = Doors(rooms, {}, dict.fromkeys((*rooms.people, *rooms.groups), "[[escalate]] 1, to"))

    doors.look()

    assert [line.partition(": nobody")[0] for line in doors.warnings()] == [
        "U0GONE ([[escalate]] 1, to) is deactivated",
        "U0ROBOT ([[escalate]] 1, to) is a bot",
        "U0WRONG ([[escalate]] 1, to) cannot be looked up (user_not_found)",
        "S0EMPTY ([[escalate]] 1, to) has no members",
        "S0WRONG ([[escalate]] 1, to) cannot be looked up (no_such_subteam)",
    ]
    rooms.people["U0GONE"] = Unavailable("Slack asks us to slow down (users.info).")
    with pytest.raises(Unavailable):
        doors.look()
    assert len(doors.warnings()) == 5
