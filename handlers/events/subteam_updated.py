"""A user group was changed or disabled: nobody is believed to be in it until Slack says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "subteam_updated"
VERB: Verb | None = None


def handle(bot: Bot, event: Mapping[str, Any]) -> None:
    """Forget the group at once, then ask again about it and all others that the settings name.

    A group that the settings do not name lets nobody in, so its changes are nothing to us.
    """
    group = said.group(event)
    if group in {name for one in bot.people.values() for name in one.groups}:
        bot.directory.forget(group)
        bot.directory.refresh()
