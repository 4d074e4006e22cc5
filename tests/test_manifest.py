"""The manifest and the code say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot import manifest
from handlers import discover

SCOPES_OF_EVENTS = {
    "user_change": "users:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
}
"""By Slack's reference of events."""

SCOPES_OF_METHODS = {
    "auth.test": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "files.completeUploadExternal": {"files:write"},
    "files.delete": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.update": set(),
}
"""By Slack's reference of methods, for the kinds of conversation we use."""

_METHOD = re.compile(r'"([a-z]+(?:\.[a-zA-Z]+)+)"')


@pytest.fixture
def written() -> dict[str, Any]:
    """The manifest."""
    read: dict[str, Any] = yaml.safe_load(manifest.text())
    return read


def ids(kind: str) -> set[str]:
    """What the code listens to."""
    return {one.id for one in discover() if one.kind == kind}


def test_slacks_schema_accepts_it(written: dict[str, Any]) -> None:
    """The manifest is one that Slack takes."""
    file = Path(__file__).parents[2] / "shared" / "schemas" / "slack-manifest.schema.json"
    if not file.is_file():
        pytest.skip("Slack's manifest schema is not at hand")
    schema = json.loads(file.read_text(encoding="utf-8"))

    assert [error.message for error in Draft7Validator(schema).iter_errors(written)] == []


def test_every_command_has_its_handler_and_the_reverse(written: dict[str, Any]) -> None:
    """Commands in the manifest are the files under handlers/commands."""
    commands = {one["command"] for one in written["features"]["slash_commands"]}

    assert commands == ids("commands")


def test_every_event_has_its_handler_and_the_reverse(written: dict[str, Any]) -> None:
    """Events in the manifest are the files under handlers/events."""
    assert set(written["settings"]["event_subscriptions"]["bot_events"]) == ids("events")


def test_interactivity_is_on_because_there_are_buttons(written: dict[str, Any]) -> None:
    """Buttons and modals need interactivity; Socket Mode brings them to us."""
    assert written["settings"]["interactivity"]["is_enabled"] is bool(ids("actions") | ids("views"))
    assert written["settings"]["socket_mode_enabled"] is True


def test_what_the_bot_sends_one_person_can_be_read(written: dict[str, Any]) -> None:
    """Raw records come by direct message: the tab that shows them is on, and nobody answers there.

    The bot listens to no message, and has no home to show.
    """
    assert written["features"]["app_home"] == {
        "home_tab_enabled": "app_home_opened" in ids("events"),
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": not any(
            one.startswith("message") for one in ids("events")
        ),
    }


def test_scopes_are_those_used_and_no_other(written: dict[str, Any]) -> None:
    """Each scope is needed by a method, an event or a command of ours; none is missing."""
    needed = {"commands"} | {SCOPES_OF_EVENTS[event] for event in ids("events")}
    for scopes in SCOPES_OF_METHODS.values():
        needed |= scopes

    assert set(written["oauth_config"]["scopes"]["bot"]) == needed


def test_the_methods_are_those_that_the_client_calls() -> None:
    """The list of methods here is the one in the modules that make our calls to Slack."""
    modules = Path(manifest.__file__).parent.joinpath("slack", "client").glob("*.py")
    source = "".join(module.read_text("utf-8") for module in modules)

    assert set(_METHOD.findall(source)) == set(SCOPES_OF_METHODS)
