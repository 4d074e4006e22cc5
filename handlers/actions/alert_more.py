"""**⋯**: what is done to an alert more rarely. Each choice opens its modal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack

from bot import alerts, exemptions, snoozes
from bot.model import Alert, Scope, Verb
from bot.ports import Bot
from bot.slack.modals import ExpectModal, HandOverModal, NoteModal, ReopenModal, SnoozeModal
from handlers import said

ID = "alert_more"
VERB: Verb | None = Verb.LOOK
CHOICES: Mapping[str, Verb] = {
    "snooze": Verb.SNOOZE,
    "mute": Verb.SNOOZE,
    "expect": Verb.EXCEPT,
    "hand_over": Verb.HAND_OVER,
    "note": Verb.NOTE,
    "reopen": Verb.REOPEN,
}
_SCOPES = {"snooze": Scope.ALERT, "mute": Scope.RULE_ACTOR}
_MODALS: Mapping[str, Callable[[Alert], dict[str, Any]]] = {
    "hand_over": lambda alert: HandOverModal.build(alert, shown=alerts.holder(alert)),
    "note": NoteModal.build,
    "reopen": ReopenModal.build,
}


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Open the modal; where the alert's state does not allow it, say so and why."""
    choice = said.choice(body)
    verb = CHOICES[choice]
    alert = bot.store.alert(said.alert_id(body))
    if verb is Verb.EXCEPT:
        _expect(bot, body, alert)
    elif verb is Verb.SNOOZE:
        _snooze(bot, body, alert, _SCOPES[choice])
    elif alert is not None and alerts.suits(verb, alert):
        bot.dialogs.open(said.trigger(body), _MODALS[choice](alert))
    else:
        alerts.decide(bot, said.ask(bot, body, verb))
    ack()


def _snooze(bot: Bot, body: said.Body, alert: Alert | None, scope: Scope) -> None:
    """With the scopes that make sense of this alert."""
    scopes = snoozes.offered(alert) if alert is not None else ()
    if alert is None or alert.resolved or scope not in scopes:
        snoozes.decide(bot, said.ask(bot, body, Verb.SNOOZE, scope=scope))
    else:
        modal = SnoozeModal.build(alert, scope=scope, offered=scopes, shown=snoozes.about(alert))
        bot.dialogs.open(said.trigger(body), modal)


def _expect(bot: Bot, body: said.Body, alert: Alert | None) -> None:
    """Also of a resolved alert: that is often when people know."""
    offer = exemptions.offer(bot, alert) if alert is not None else None
    if alert is None or offer is None or offer.why:
        exemptions.propose(bot, said.ask(bot, body, Verb.EXCEPT))
    else:
        bot.dialogs.open(said.trigger(body), ExpectModal.build(alert, offer))
