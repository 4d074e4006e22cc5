"""Who people are, according to Slack: cached, refreshed ahead of need, so no ack waits for it."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence

import msgspec
from cachetools import TTLCache

from bot.errors import Refused, Unavailable
from bot.model import Allowed, Member
from bot.slack.client import SlackClient
from bot.slack.pace import GROUPS_PER_MINUTE, PEOPLE_PER_MINUTE
from bot.slack.turns import Turns

log = logging.getLogger(__name__)

HARD_TTL = 3600.0
"""Seconds after which what Slack said is no longer believed, should it not answer any more."""

PEOPLE_KEPT = 5_000

REFUSAL_TTL = 300.0
"""Seconds for which it is remembered why somebody could not be looked up."""


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
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """*timer* gives monotonic seconds; *pause* waits so many of them, or less at `stop`."""
        self._client = client
        self._stopping = threading.Event()
        turns = functools.partial(Turns, timer=timer, stopping=self._stopping, pause=pause)
        self._group_turns = turns(GROUPS_PER_MINUTE)
        self._person_turns = turns(PEOPLE_PER_MINUTE)
        self._groups = sorted({group for one in people for group in one.groups})
        self._named = frozenset(user for one in people for user in one.users)
        self._asked: dict[str, int] = {}
        self._round = 0
        self._refreshing = False
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._members: TTLCache[str, Member] = TTLCache(PEOPLE_KEPT, HARD_TTL, timer)
        self._vain: TTLCache[str, str] = TTLCache(PEOPLE_KEPT, REFUSAL_TTL, timer)
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
            member = self._member(user)
            while group := self._missing(user, groups):
                self._group_turns.at_once(functools.partial(self._ask_group, group))
        except Unavailable as error:
            with self._lock:
                self._vain[user] = error.sentence
            raise
        with self._lock:
            self._vain.pop(user, None)
            return self._with_groups(member, user)

    def refusal(self, user: str) -> str:
        """Why the last look-up of *user* came to nothing, or ""."""
        with self._lock:
            return self._vain.get(user, "")

    def forget(self, name: str | None = None) -> None:
        """Drop what is known of one person or one group, or of everybody and every group."""
        with self._lock:
            if name is not None:
                self._members.pop(name, None)
                self._in_group.pop(name, None)
                self._asked.pop(name, None)
            else:
                self._members.clear()
                self._in_group.clear()
                self._asked.clear()

    # ── ahead of need ───────────────────────────────────────────────────────

    def refresh(self) -> None:
        """Ask again about every group and person the settings name, as fast as Slack takes it.

        Waits without holding anybody up, and ends early at `stop`. Where a round is under way
        already, that one begins anew. Raises Unavailable where Slack does not answer; what was
        known stays, and the next round begins with those who were not reached.
        """
        with self._lock:
            self._round += 1
            if self._refreshing:
                return
            self._refreshing = True
        try:
            while name := self._next():
                self._turns(name).in_turn(functools.partial(self._ask, name))
        except BaseException:
            with self._lock:
                self._refreshing = False
            raise

    def stop(self) -> None:
        """End a refresh under way, now; those who are looked up are still asked about."""
        self._stopping.set()

    def _next(self) -> str:
        """Whom or what this round asks about next: first what need not wait, then the oldest
        news; "" ends the round."""
        waits = {turns: turns.wait() for turns in (self._group_turns, self._person_turns)}
        with self._lock:
            left = [] if self._stopping.is_set() else self._left()
            if not left:
                self._refreshing = False
                return ""
            return min(left, key=lambda one: (waits[self._turns(one)], self._asked.get(one, 0)))

    def _left(self) -> Sequence[str]:
        """What this round has not asked about yet."""
        people = self._named.union(*(self._in_group.get(one, ()) for one in self._groups))
        names = (*self._groups, *sorted(people))
        return [name for name in names if self._asked.get(name, 0) < self._round]

    def _turns(self, name: str) -> Turns:
        return self._group_turns if name in self._groups else self._person_turns

    def _ask(self, name: str) -> None:
        """Ask about a group or a person. Whom Slack refuses is nobody we know."""
        with self._lock:
            self._asked[name] = self._round
        if name in self._groups:
            self._ask_group(name)
            return
        try:
            self._ask_person(name)
        except Refused as error:
            self._complain(name, f"User {name}: {error.sentence} They may not act.")
            with self._lock:
                self._members.pop(name, None)

    # ── one question ────────────────────────────────────────────────────────

    def _member(self, user: str) -> Member:
        """Who *user* is: as it is known, or asked now."""
        with self._lock:
            member = self._members.get(user)
        if member is not None:
            return member
        try:
            return self._person_turns.at_once(functools.partial(self._ask_person, user))
        except Refused as error:
            raise Unavailable(f"Slack would not say who {user} is ({error.code}).") from error

    def _ask_person(self, user: str) -> Member:
        member = self._client.member(user)
        self._accepted(user)
        with self._lock:
            self._members[user] = member
        return member

    def _ask_group(self, group: str) -> None:
        """Who is in *group*. One that Slack refuses, because it is deleted say, holds nobody."""
        try:
            found = frozenset(self._client.group_members(group))
            self._accepted(group)
        except Refused as error:
            self._complain(group, f"User group {group}: {error.sentence} It lets nobody in.")
            found = frozenset()
        with self._lock:
            self._in_group[group] = found

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
