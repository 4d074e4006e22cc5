"""Somebody's account changed: what we believed of them no longer counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import Verb
from bot.ports import Bot

ID = "user_change"
VERB: Verb | None = None


def handle(bot: Bot, event: Mapping[str, Any]) -> None:
    """Forget the person at once; ask again about those we knew, so that they need not wait."""
    user = str((event.get("user") or {}).get("id") or "")
    if not user:
        return
    was_known = bot.directory.known(user, bot.team) is not None
    bot.directory.forget(user)
    if was_known:
        bot.directory.look_up(user, bot.team)
