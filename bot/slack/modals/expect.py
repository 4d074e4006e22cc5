"""**Always expected…**: what must be equal, for how long, and why?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import CheckboxesElement, InputBlock, Option

from bot.model import Alert, Aspect, Offer
from bot.slack import parts
from bot.slack.modals.view import (
    carried,
    carried_too,
    chosen,
    filled,
    form,
    kept,
    lasting_field,
    note_field,
    unsaid,
    words,
    written,
)


class Expected(Struct, frozen=True, kw_only=True):
    """What a person filled in, about the *record* (its id) that the window showed.

    *errors* holds a sentence per block id.
    """

    alert: str
    record: str
    equal: tuple[Aspect, ...]
    days: int
    note: str
    errors: dict[str, str] = {}


class ExpectModal:
    """Expected of whom, where, until when?"""

    ID = "expect_alert"
    EQUAL = "equal"
    DAYS = "days"
    REASON = "reason"
    _CHOSEN = "chosen"
    _WRITTEN = "written"

    @classmethod
    def build(cls, alert: Alert, offer: Offer) -> dict[str, Any]:
        """The modal for *alert*, all of *offer* ticked; it carries the alert's id and the
        record's, and no more."""
        options = [
            Option(
                value=one.condition.aspect.value,
                text=words(f"Same {parts.ASPECTS[one.condition.aspect]}: {one.name}"),
                description=words(cls._reach(one.condition.aspect, one.hidden, offer.test.found)),
            )
            for one in offer.choices
        ]
        equal = InputBlock(
            block_id=cls.EQUAL,
            label=words("What must be equal?"),
            hint=words("The actor always. Whatever you untick may differ: more is hidden."),
            element=CheckboxesElement(
                action_id=cls._CHOSEN, options=options, initial_options=options
            ),
        )
        long = lasting_field(
            cls.DAYS,
            cls._CHOSEN,
            {str(days): f"{days} days" for days in parts.DAYS},
            "From when a second person agrees. Nothing is expected for ever.",
        )
        reason = note_field(
            cls.REASON,
            cls._WRITTEN,
            "Why is it expected?",
            hint="It is announced in the thread and stands in the ledger and in the filter.",
            placeholder="Which task does this, and who answers for it?",
            optional=False,
        )
        tested = parts.literal(f"With all of them ticked: {parts.backtest(offer.test)}.")
        worse = parts.small("What is worse than this alert is never hidden.")
        fields = [equal.to_dict(), tested, worse, long, reason]
        return form(cls.ID, "Expected?", alert, fields, "Propose", shown=offer.record)

    @staticmethod
    def _reach(aspect: Aspect, hidden: int, found: int) -> str:
        alone = "alone" if aspect is Aspect.ACTOR else "with the actor alone"
        return f"{alone}, it would have hidden {hidden} of {found}"

    @classmethod
    def parse(cls, submitted: Mapping[str, Any]) -> Expected:
        """Read a submitted modal."""
        values = filled(submitted)
        ticked = values.get(cls.EQUAL, {}).get(cls._CHOSEN, {}).get("selected_options") or []
        equal = [str(one.get("value") or "") for one in ticked]
        days = chosen(values, cls.DAYS, cls._CHOSEN)
        note = written(values, cls.REASON, cls._WRITTEN)
        errors = {}
        record = carried_too(submitted)
        if not record:
            errors[cls.EQUAL] = "This window is older than I am. Please open it again."
        elif not set(equal) <= set(Aspect):
            errors[cls.EQUAL] = "Choose what must be equal."
        elif Aspect.ACTOR not in equal:
            errors[cls.EQUAL] = "It is always about somebody: tick the actor."
        if days not in {str(one) for one in parts.DAYS}:
            errors[cls.DAYS] = "Choose how long."
        if fault := unsaid(note, "Say why."):
            errors[cls.REASON] = fault
        return Expected(
            alert=carried(submitted),
            record=record,
            equal=() if cls.EQUAL in errors else tuple(Aspect(one) for one in equal),
            days=0 if cls.DAYS in errors else int(days),
            note=kept(note),
            errors=errors,
        )
