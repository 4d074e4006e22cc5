"""The Bolt app: what rides in an ack is held against Slack's limits, and is sent all the same."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, BoltRequest

from bot.slack.bolt import make_app
from bot.slack.client import Identity
from bot.slack.modals import Notice

COMMAND = {"command": "/callwarden", "text": "", "trigger_id": "1.2", "team_id": "T0TEAM"}
SUBMITTED = {"type": "view_submission", "view": {"type": "modal", "callback_id": "asked"}}
NOTICE = Notice.build("Ana was first.")


def section(length: int) -> dict[str, Any]:
    """A block with so much text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


@pytest.fixture
def app() -> Iterator[App]:
    """The app, with nothing behind it."""
    app, listeners = make_app("xoxb-1", "http://127.0.0.1:9/", Identity("T0TEAM", "U0BOT", "Team"))
    yield app
    listeners.shutdown()


def answering(**answer: Any) -> Callable[[Ack], None]:
    """A listener that answers this."""

    def listen(ack: Ack) -> None:
        ack(**answer)

    return listen


def answer_of(app: App, body: dict[str, Any]) -> dict[str, Any]:
    """What comes back for *body*."""
    response = app.dispatch(BoltRequest(body=body, mode="socket_mode"))
    assert response.status == 200
    answer: dict[str, Any] = json.loads(response.body or "{}")
    return answer


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says is wrong."""
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_commands_answer_over_a_limit_is_logged_and_sent(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever runs the bot reads what broke; whoever typed still gets what there is."""
    app.command("/callwarden")(answering(text="Status", blocks=[section(3001)]))

    answer = answer_of(app, COMMAND)

    assert answer["blocks"] == [section(3001)]
    assert errors(caplog) == [
        "The answer to /callwarden breaks a limit: block 0 (section): 3001 characters, 3000 at most"
    ]


def test_a_modal_in_an_answer_over_a_limit_is_logged_and_sent(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """A modal that takes another's place is held to a modal's limits."""
    view = NOTICE | {"blocks": [section(3001)]}
    app.view("asked")(answering(response_action="update", view=view))

    answer = answer_of(app, SUBMITTED)

    assert answer["view"]["blocks"] == [section(3001)]
    assert errors(caplog) == [
        "The answer to view_submission breaks a limit:"
        " block 0 (section): 3001 characters, 3000 at most"
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"text": "Status", "blocks": [section(3000)]},
        {"response_action": "errors", "errors": {"verdict": "Choose one of the three."}},
        {"response_action": "update", "view": NOTICE},
    ],
)
def test_an_answer_within_the_limits_is_not_spoken_of(
    app: App, caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    """Nor one that shows nothing."""
    app.view("asked")(answering(**answer))
    app.command("/callwarden")(answering(**answer))

    assert answer_of(app, SUBMITTED) == answer_of(app, COMMAND)
    assert errors(caplog) == []
