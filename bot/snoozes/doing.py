"""What the bot does about snoozes when somebody asks, and by itself."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from bot.model import Allowed, Ask, Decision, Level, Snooze, SnoozeState, Verb, iso
from bot.ports import Bot, Storming
from bot.snoozes.covering import run_out, woken
from bot.snoozes.judging import LOOK_BACK, judge
from bot.standing import known

CALLED_MOST = 10
"""Groups and people who are called to agree: one is enough, and the channel shall stay calm."""

SHOWN_FROM = Level.MEDIUM
"""Alerts from this level on get their cards when the snooze that kept them quiet is over."""


def decide(bot: Bot, ask: Ask) -> Decision:
    """Judge and record *ask*, and queue what follows."""
    since = iso(bot.clock.now() - LOOK_BACK)
    rule = functools.partial(judge, agreeing=_agreeing(bot, ask))
    decision = bot.store.decide_snooze(ask, rule, since)
    bot.outbox.wake()
    return decision


def _agreeing(bot: Bot, ask: Ask) -> Sequence[str]:
    """The ids of the user groups and people who may agree to what is *ask*ed for."""
    allowed = bot.people.get(Verb.AGREE, Allowed())
    others = [user for user in allowed.users if user != ask.by.user]
    return (*allowed.groups, *others)[:CALLED_MOST]


def find(bot: Bot, snooze_id: str) -> Snooze:
    """The snooze. Raises BadInput for an unknown id."""
    return known(bot.store.snooze(snooze_id), snooze_id, "snooze")


def end_those_due(bot: Bot) -> None:
    """End what has run out: a job."""
    now = bot.clock.now()
    if bot.store.change_snoozes(lambda standing: run_out(standing, now), iso(now)):
        bot.outbox.wake()


def settle(bot: Bot, storming: Storming) -> None:
    """End what has run out, and show what was kept quiet by snoozes that are over: a job.

    Each step leaves in the store what the next one needs, so that it goes on after a restart.
    """
    end_those_due(bot)
    now = iso(bot.clock.now())
    wakes = functools.partial(woken, now=now)
    out = 0
    while some := bot.store.bring_out(wakes, storming, now, least=SHOWN_FROM):
        out += some
    if out:
        bot.outbox.wake()


_STANDING = (SnoozeState.ASKED, SnoozeState.ON)


def standing(bot: Bot, limit: int = 100, offset: int = 0) -> Sequence[Snooze]:
    """Those asked for or on, the first to end first."""
    return bot.store.snoozes(_STANDING, limit, offset)


def how_many(bot: Bot) -> int:
    """How many are asked for or on."""
    return bot.store.how_many_snoozes(_STANDING)
