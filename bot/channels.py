"""Who can read the channels that alerts go to, whether they can be posted to at all, and whether
those whom the settings call can be called.

Looked at when the bot starts and every hour. A fault is a warning, in the log and in status, with
what to do; nothing waits for it and nothing is held back because of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from bot.errors import Refused, Unavailable
from bot.ports import Channel, Rooms

log = logging.getLogger(__name__)


def warnings(channel: Channel) -> tuple[str, ...]:
    """What is wrong with *channel*, a sentence each, and what to do about it."""
    named = _named(channel)
    found = []
    if channel.archived:
        found.append(
            f"{named} is archived: nothing can be posted there."
            " Unarchive it or name another channel in the settings."
        )
    elif not channel.member:
        found.append(
            f"I am not a member of {named}: alerts cannot be posted there."
            " Write /invite @callwarden in it."
        )
    if not channel.private:
        found.append(
            f"{named} is public: anyone in the workspace can read it."
            " Make it private (its name → Settings), or name a private channel."
        )
    if channel.shared:
        found.append(
            f"{named} is shared with another workspace: people there can read it."
            " End the sharing (its name → Settings), or name a channel of your own."
        )
    return tuple(found)


def unseen(channel: str, where: str, refused: Refused) -> str:
    """Why *channel*, which the settings name at *where*, cannot be looked at, and what to do."""
    if refused.code == "missing_scope":
        return (
            f"UNKNOWN who can read the channels of alerts: {refused.sentence}"
            " Update the Slack app with what `callwarden manifest` prints and install it again."
        )
    if refused.code == "channel_not_found":
        return (
            f"Slack shows me no channel {channel} ({where}): it is private and I am not in it, or"
            " the ID is wrong. Write /invite @callwarden in it, or mend the ID."
        )
    return f"UNKNOWN who can read {channel} ({where}): {refused.sentence}"


def uncalled(receiver: str, where: str, why: str) -> str:
    """That *receiver*, whom the settings call at *where*, hears of nothing, and what to do."""
    return f"{receiver} ({where}) {why}: nobody is called there. Mend the ID, or name another."


class Doors:
    """What was last seen of the channels that the settings name, and of those whom they call. Read
    by any thread."""

    def __init__(
        self, rooms: Rooms, named: Mapping[str, str], called: Mapping[str, str] | None = None
    ) -> None:
        """*named* maps a channel's id to the place in the settings that names it, *called* the id
        of a person or a user group."""
        self._rooms = rooms
        self._named = dict(named)
        self._called = dict(called or {})
        self._seen: dict[str, tuple[str, ...]] = {}
        self._warnings: tuple[str, ...] = ()

    def warnings(self) -> Sequence[str]:
        """What was wrong when we last looked, each once."""
        return self._warnings

    def look(self) -> None:
        """Look at every channel and at everybody who is called, and say in the log what is new.

        Raises Unavailable after the last where Slack did not answer for one; what was seen of
        that one before still stands.
        """
        missed: Unavailable | None = None
        for channel, where in self._named.items():
            try:
                self._seen[channel] = warnings(self._rooms.channel(channel))
            except Refused as refused:
                self._seen[channel] = (unseen(channel, where, refused),)
            except Unavailable as error:
                missed = error
        for receiver, where in self._called.items():
            try:
                why = self._why_uncalled(receiver)
            except Refused as refused:
                why = f"cannot be looked up ({refused.code})"
            except Unavailable as error:
                missed = error
                continue
            self._seen[receiver] = (uncalled(receiver, where, why),) if why else ()
        self._say()
        if missed is not None:
            raise missed

    def _why_uncalled(self, receiver: str) -> str:
        """What keeps a call from the person or group, or ""."""
        if receiver.startswith("S"):
            return "" if self._rooms.group_members(receiver) else "has no members"
        member = self._rooms.member(receiver)
        if member.deleted:
            return "is deactivated"
        return "is a bot" if member.bot else ""

    def _say(self) -> None:
        before = self._warnings
        every = (line for lines in self._seen.values() for line in lines)
        self._warnings = tuple(dict.fromkeys(every))
        for line in self._warnings:
            if line not in before:
                log.warning("%s", line)
        if before and not self._warnings:
            log.info("All channels, and all who are called, are as they should be again.")


def _named(channel: Channel) -> str:
    return f"#{channel.name} ({channel.id})" if channel.name else channel.id
