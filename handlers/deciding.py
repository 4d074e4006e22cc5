"""From a submitted modal to a decision: errors at their fields, a refusal in the modal's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from slack_bolt import Ack

from bot import alerts, exemptions, snoozes
from bot.errors import BadInput
from bot.model import Alert, Ask, Decision, Verb
from bot.ports import Bot
from bot.slack.modals import Notice
from handlers import said


class Answer(Protocol):
    """What a modal's `parse` gives."""

    @property
    def alert(self) -> str:
        """The alert's id; "" where the modal carries none."""
        ...

    @property
    def note(self) -> str:
        """What was written."""
        ...

    @property
    def errors(self) -> Mapping[str, str]:
        """A sentence per block id."""
        ...


_DECIDES: Mapping[Verb, Callable[[Bot, Ask], Decision]] = {
    Verb.SNOOZE: snoozes.decide,
    Verb.EXCEPT: exemptions.propose,
}


Anew = Callable[[Decision, Alert], dict[str, Any] | None]
"""The window as it must be shown again after a refusal; None where a sentence is enough."""


def decide(
    bot: Bot,
    ack: Ack,
    body: said.Body,
    verb: Verb,
    answer: Answer,
    *,
    anew: Anew | None = None,
    **more: Any,
) -> None:
    """Record the verdict and ack. *more* goes into the ask."""
    if not answer.alert:
        raise BadInput("This window names no alert. Please open it again.", where="view")
    if answer.errors:
        ack(response_action="errors", errors=dict(answer.errors))
        return
    ask = said.ask(bot, body, verb, alert=answer.alert, note=answer.note, **more)
    decision = _DECIDES.get(verb, alerts.decide)(bot, ask)
    if decision.accepted:
        ack()
        return
    alert = bot.store.alert(answer.alert) if anew else None
    again = anew(decision, alert) if anew and alert else None
    ack(response_action="update", view=again or Notice.build(decision.sentence))
