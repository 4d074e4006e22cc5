"""**Resolve…**: what did it turn out to be?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import InputBlock, Option, RadioButtonsElement

from bot.model import Alert, Verdict
from bot.slack.modals.view import (
    carried,
    chosen,
    filled,
    form,
    kept,
    note_field,
    too_long,
    words,
    written,
)


class Answer(Struct, frozen=True, kw_only=True):
    """What a person filled in. *errors* holds a sentence per block id, where there are any."""

    alert: str = ""
    verdict: Verdict | None = None
    note: str = ""
    errors: dict[str, str] = {}


class ResolveModal:
    """What did it turn out to be?"""

    ID = "resolve_alert"
    VERDICT = "verdict"
    NOTE = "note"
    _CHOSEN = "chosen"
    _WRITTEN = "written"
    _WORDS = (
        (Verdict.TRUE_POSITIVE, "True positive", "It was an attack, or might have become one."),
        (Verdict.FALSE_POSITIVE, "False positive", "The rule was wrong: nothing bad happened."),
        (Verdict.EXPECTED, "Expected", "It happened, and it was meant to: a drill, a change."),
    )

    @classmethod
    def build(cls, alert: Alert) -> dict[str, Any]:
        """The modal for *alert*; it carries the alert's id and nothing else."""
        options = [
            Option(value=verdict.value, text=words(label), description=words(means))
            for verdict, label, means in cls._WORDS
        ]
        verdict = InputBlock(
            block_id=cls.VERDICT,
            label=words("What did it turn out to be?"),
            element=RadioButtonsElement(action_id=cls._CHOSEN, options=options),
        )
        note = note_field(
            cls.NOTE,
            cls._WRITTEN,
            "Note",
            hint="It stands on the card and in the ledger. No passwords, no callers.",
            placeholder="What made you sure?",
            optional=True,
        )
        return form(cls.ID, "Resolve", alert, [verdict.to_dict(), note], "Resolve")

    @classmethod
    def parse(cls, submitted: Mapping[str, Any]) -> Answer:
        """Read a submitted modal."""
        values = filled(submitted)
        note = written(values, cls.NOTE, cls._WRITTEN)
        errors = {}
        verdict = _verdict(chosen(values, cls.VERDICT, cls._CHOSEN))
        if verdict is None:
            errors[cls.VERDICT] = "Choose one of the three."
        if fault := too_long(note):
            errors[cls.NOTE] = fault
        return Answer(alert=carried(submitted), verdict=verdict, note=kept(note), errors=errors)


def _verdict(value: str) -> Verdict | None:
    return next((verdict for verdict in Verdict if verdict.value == value), None)
