"""What the bot does about exceptions when somebody asks, and by itself."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from bot.exemptions.judging import judge, run_out
from bot.exemptions.matching import backtest, choices, unfit
from bot.model import (
    Alert,
    Ask,
    Choice,
    Decision,
    Exemption,
    ExemptionState,
    Offer,
    Record,
    iso,
)
from bot.ports import Bot
from bot.standing import known

TESTED = 2_000
"""The newest findings of a rule that a proposal is tested with: before an ack there is no more
time."""


def offer(bot: Bot, alert: Alert) -> Offer:
    """What an exception at *alert* can be made of, and how far each condition would reach."""
    record = _newest(bot, alert.id)
    if record is None:
        return Offer(why=f"The records of {alert.id} have passed their retention.")
    found = choices(record)
    if why := unfit(alert.rule, found):
        return Offer(why=why)
    past, now = bot.store.findings_of_rule(alert.rule, TESTED), bot.clock.now()
    actor = found[0]
    return Offer(
        choices=tuple(
            Choice(
                condition=one,
                name=record.actor.name if one is actor and record.actor.name else one.value,
                hidden=backtest((actor, one), alert.level, past, now).hidden,
            )
            for one in found
        ),
        test=backtest(found, alert.level, past, now),
        record=record.id,
    )


def propose(bot: Bot, ask: Ask) -> Decision:
    """Judge and record a proposal, and queue what follows.

    It is made from the record that the person was shown, though newer ones may have come since:
    nobody proposes what they did not see.
    """
    alert = bot.store.alert(ask.alert)
    past = bot.store.findings_of_rule(alert.rule, TESTED) if alert else ()
    record = bot.store.record_of(ask.alert, ask.record) if ask.record else _newest(bot, ask.alert)
    decision = bot.store.decide_exemption(ask, functools.partial(judge, record=record, past=past))
    bot.outbox.wake()
    return decision


def _newest(bot: Bot, alert_id: str) -> Record | None:
    return next(iter(bot.store.records_of(alert_id, 1)), None)


def decide(bot: Bot, ask: Ask) -> Decision:
    """Judge and record *ask* about an exception that stands, and queue what follows."""
    decision = bot.store.decide_exemption(ask, judge)
    bot.outbox.wake()
    return decision


def find(bot: Bot, exemption_id: str) -> Exemption:
    """The exception. Raises BadInput for an unknown id."""
    return known(bot.store.exemption(exemption_id), exemption_id, "exception")


def end_those_due(bot: Bot) -> None:
    """End what has run out: a job."""
    now = bot.clock.now()
    if bot.store.change_exemptions(lambda standing: run_out(standing, now), iso(now)):
        bot.outbox.wake()


_STANDING = (ExemptionState.PROPOSED, ExemptionState.ON)


def standing(bot: Bot, limit: int = 100, offset: int = 0) -> Sequence[Exemption]:
    """Those proposed or on, the first to end first."""
    return bot.store.exemptions(_STANDING, limit, offset)


def how_many(bot: Bot) -> int:
    """How many are proposed or on."""
    return bot.store.how_many_exemptions(_STANDING)
