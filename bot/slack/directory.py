"""Who people are, according to Slack: cached, refreshed ahead of need, so no ack waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec
from cachetools import TTLCache

from bot.errors import Refused, Unavailable
from bot.model import Allowed, Member
from bot.slack.client import SlackClient

log = logging.getLogger(__name__)

HARD_TTL = 3600.0
"""Seconds after which what Slack said is no longer believed, should it not answer any more."""

PEOPLE_KEPT = 5_000


class SlackDirectory:
    """`ports.Directory` over users.info and usergroups.users.list.

    Nobody is believed to be a member on old news: what is older than an hour counts as unknown,
    and unknown people may not act.
    """

    def __init__(
        self,
        client: SlackClient,
        people: Sequence[Allowed],
        *,
        timer: Callable[[], float],
    ) -> None:
        """*timer* gives monotonic seconds."""
        self._client = client
        self._groups = sorted({group for one in people for group in one.groups})
        self._named = sorted({user for one in people for user in one.users})
        self._lock = threading.Lock()
        self._members: TTLCache[str, Member] = TTLCache(PEOPLE_KEPT, HARD_TTL, timer)
        self._in_group: TTLCache[str, frozenset[str]] = TTLCache(1_000, HARD_TTL, timer)

    def known(self, user: str, team: str) -> Member | None:
        """What is known without asking; None where we would have to ask."""
        with self._lock:
            member = self._members.get(user)
            if member is None or any(group not in self._in_group for group in self._groups):
                return None
            return self._with_groups(member, user)

    def look_up(self, user: str, team: str) -> Member:
        """Ask Slack. Raises Unavailable where it does not answer or does not know the person."""
        try:
            member = self._client.member(user)
            missing = [group for group in self._groups if not self._has(group)]
            found = {group: frozenset(self._client.group_members(group)) for group in missing}
        except Refused as error:
            raise Unavailable(f"Slack would not say who {user} is ({error.code}).") from error
        with self._lock:
            self._members[user] = member
            self._in_group.update(found)
            return self._with_groups(member, user)

    def forget(self, user: str | None = None) -> None:
        """Drop what is known of one person, or of everybody and every group."""
        with self._lock:
            if user is not None:
                self._members.pop(user, None)
            else:
                self._members.clear()
                self._in_group.clear()

    def refresh(self) -> None:
        """Ask again about every group and person the settings name.

        Raises Unavailable at the first question Slack does not answer; what was known stays.
        """
        people = set(self._named)
        for group in self._groups:
            try:
                found = frozenset(self._client.group_members(group))
            except Refused as error:
                log.error("User group %s: %s Nobody is let in by it.", group, error.sentence)
                found = frozenset()
            with self._lock:
                self._in_group[group] = found
            people |= found
        for user in sorted(people, key=self._is_known):
            try:
                member = self._client.member(user)
            except Refused as error:
                log.error("User %s: %s They may not act.", user, error.sentence)
                self.forget(user)
                continue
            with self._lock:
                self._members[user] = member

    def _has(self, group: str) -> bool:
        with self._lock:
            return group in self._in_group

    def _is_known(self, user: str) -> bool:
        with self._lock:
            return user in self._members

    def _with_groups(self, member: Member, user: str) -> Member:
        groups = tuple(g for g in self._groups if user in self._in_group.get(g, frozenset()))
        return msgspec.structs.replace(member, groups=groups)
