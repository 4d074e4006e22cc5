"""The Web API: which methods there are, what each needs, and how one is carried out."""

from __future__ import annotations

from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods import chat, conversations, files, users, views
from bot.demo.slack.methods.ask import Ask, Json, Method

METHODS: dict[str, Method] = (
    chat.METHODS | conversations.METHODS | files.METHODS | users.METHODS | views.METHODS
)
"""Every method by its name. Another is answered `unknown_method`."""


def carry_out(method: Method, ask: Ask) -> Json:
    """Run a method with the workspace's lock held; a refusal becomes `{"ok": false, …}`."""
    with ask.workspace.lock:
        try:
            for scope in method.scopes:
                ask.need(scope)
            return {"ok": True} | method.run(ask)
        except SlackError as error:
            return {"ok": False, "error": error.code} | error.more


__all__ = ["METHODS", "Ask", "Method", "carry_out"]
