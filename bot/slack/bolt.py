"""The Bolt app and its Socket Mode connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import Refused, Unavailable
from bot.slack import lint
from bot.slack.client import Identity, fault_of

_OPEN = "apps.connections.open"

LISTENERS = 20
"""Threads for listeners. Bolt's five starve when five people wait for the store at once."""


PING_EVERY = 2.0
"""Seconds between two pings. A connection that was cut without a word is noticed after five of
them in vain; with slack_sdk's own 10 s nobody's click was heard for a minute."""


class LintedApp(App):
    """Bolt's app; whatever rides in an ack passes here, from guard, listener or error handler."""

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        """Answer *req*. An answer that breaks one of Slack's limits is logged, and still sent."""
        response = super().dispatch(req)
        asked = req.body.get("command") or req.body.get("type")
        lint.report(f"The answer to {asked}", lambda: lint.lint_answer(response.body))
        return response


def make_app(token: str, base_url: str, identity: Identity) -> tuple[App, ThreadPoolExecutor]:
    """A Bolt app for one workspace, and the pool its listeners run on.

    *identity* is what auth.test said of *token*, so that neither Bolt nor a click has to ask.
    """
    listeners = ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener")
    client = WebClient(token=token, base_url=base_url, timeout=10)
    # Bolt finds SLACK_BOT_TOKEN in the environment by itself and warns that it has a client too.
    logger = logging.getLogger("slack_bolt.App")
    level = logger.level
    logger.setLevel(logging.ERROR)
    spoken_for = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team,
        bot_id=identity.bot,
        bot_user_id=identity.user,
        bot_token=token,
    )
    app = LintedApp(
        client=client,
        authorize=lambda: spoken_for,
        listener_executor=listeners,
        logger=logger,
    )
    logger.setLevel(level)
    return app, listeners


def make_socket(app: App, app_token: str) -> SocketModeHandler:
    """The Socket Mode connection for *app*; call `connect` and `close` on it."""
    return SocketModeHandler(app, app_token, concurrency=LISTENERS, ping_interval=PING_EVERY)


def join(connect: Callable[[], None]) -> None:
    """Join the workspace by *connect*. Raises a fault that names what to mend."""
    try:
        connect()
    except SlackApiError as error:
        fault = fault_of(_OPEN, error)
        if not isinstance(fault, Refused):
            raise fault from error
        sentence = (
            f"Slack does not let us join with SLACK_APP_TOKEN ({fault.code}). It must be the"
            " app-level token of this app, with the scope connections:write."
        )
        raise Refused(_OPEN, fault.code, sentence) from error
    except (OSError, SlackClientError) as error:
        sentence = f"Slack's Socket Mode cannot be reached ({type(error).__name__})."
        raise Unavailable(sentence) from error
