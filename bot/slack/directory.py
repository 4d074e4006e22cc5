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
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._members: TTLCache[str, Member] = TTLCache(PEOPLE_KEPT, HARD_TTL, timer)
        self._in_group: TTLCache[str, frozenset[str]] = TTLCache(1_000, HARD_TTL, timer)

    def known(self, user: str, team: str, groups: Sequence[str] = ()) -> Member | None:
        """What is known without asking; None where we would have to ask.

        *groups* are the user groups of which one is enough: whether it is so must be known.
        """
        with self._lock:
            member = self._members.get(user)
            if member is None or self._undecided(user, groups):
                return None
            return self._with_groups(member, user)

    def look_up(self, user: str, team: str, groups: Sequence[str] = ()) -> Member:
        """Ask Slack. Raises Unavailable where it does not answer or does not know the person."""
        try:
            member = self._ask_person(user)
        except Refused as error:
            raise Unavailable(f"Slack would not say who {user} is ({error.code}).") from error
        while group := self._missing(user, groups):
            self._ask_group(group)
        with self._lock:
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
            people |= self._ask_group(group)
        for user in sorted(people, key=self._is_known):
            try:
                self._ask_person(user)
            except Refused as error:
                log.error("User %s: %s They may not act.", user, error.sentence)
                self.forget(user)

    # ── one question ────────────────────────────────────────────────────────

    def _ask_person(self, user: str) -> Member:
        member = self._client.member(user)
        with self._lock:
            self._members[user] = member
        return member

    def _ask_group(self, group: str) -> frozenset[str]:
        """Who is in *group*. One that Slack refuses, because it is deleted say, holds nobody."""
        try:
            found = frozenset(self._client.group_members(group))
            self._accepted(group)
        except Refused as error:
            self._complain(group, f"User group {group}: {error.sentence} It lets nobody in.")
            found = frozenset()
        with self._lock:
            self._in_group[group] = found
        return found

    def _complain(self, name: str, sentence: str) -> None:
        """Say once that Slack refuses *name*; once more where it had meanwhile accepted it."""
        with self._lock:
            said = name in self._refused
            self._refused.add(name)
        if not said:
            log.error("%s", sentence)

    def _accepted(self, name: str) -> None:
        with self._lock:
            self._refused.discard(name)

    # ── what is known ───────────────────────────────────────────────────────

    def _is_known(self, user: str) -> bool:
        with self._lock:
            return user in self._members

    def _missing(self, user: str, groups: Sequence[str]) -> str:
        """`_undecided`, for those who do not hold the lock."""
        with self._lock:
            return self._undecided(user, groups)

    def _undecided(self, user: str, groups: Sequence[str]) -> str:
        """The group to ask about next, or "" where it is known if *user* is in any of *groups*."""
        known = {group: self._in_group.get(group) for group in groups}
        if any(user in members for members in known.values() if members):
            return ""
        return next((group for group, members in known.items() if members is None), "")

    def _with_groups(self, member: Member, user: str) -> Member:
        groups = tuple(g for g in self._groups if user in self._in_group.get(g, frozenset()))
        return msgspec.structs.replace(member, groups=groups)
