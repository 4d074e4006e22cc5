"""**Hand over…**: who shall have it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import InputBlock, UserSelectElement

from bot.model import Alert, Level
from bot.slack import parts
from bot.slack.modals.view import (
    carried,
    carried_too,
    filled,
    form,
    kept,
    note_field,
    too_long,
    words,
    written,
)


class HandedOver(Struct, frozen=True, kw_only=True):
    """What a person filled in: *to* is a Slack user id, *shown* what the window was told to carry.

    *errors* holds a sentence per block id.
    """

    alert: str
    to: str
    note: str = ""
    shown: str = ""
    errors: dict[str, str] = {}


class HandOverModal:
    """Who shall have it, and what should they know?"""

    ID = "hand_over_alert"
    TO = "to"
    NOTE = "note"
    _CHOSEN = "chosen"
    _WRITTEN = "written"

    @classmethod
    def build(cls, alert: Alert, *, shown: str = "") -> dict[str, Any]:
        """The modal for *alert*; it carries the alert's id and *shown*."""
        told = "They hear of it at once, by direct message."
        if alert.level is Level.CRITICAL:
            told += " It is critical: it escalates until they press “I have it”."
        to = InputBlock(
            block_id=cls.TO,
            label=words("Who shall have it?"),
            hint=words(told, 150),
            element=UserSelectElement(
                action_id=cls._CHOSEN, placeholder=words("Choose a colleague")
            ),
        )
        note = note_field(
            cls.NOTE,
            cls._WRITTEN,
            "What should they know?",
            hint="It stands in the thread and in the ledger. No passwords, no callers.",
            placeholder="What is done, what is left to do",
            optional=True,
        )
        fields = [parts.section(parts.state(alert)), to.to_dict(), note]
        return form(cls.ID, "Hand over", alert, fields, "Hand over", shown=shown)

    @classmethod
    def parse(cls, submitted: Mapping[str, Any]) -> HandedOver:
        """Read a submitted modal."""
        values = filled(submitted)
        to = str(values.get(cls.TO, {}).get(cls._CHOSEN, {}).get("selected_user") or "")
        note = written(values, cls.NOTE, cls._WRITTEN)
        errors = {}
        if not to:
            errors[cls.TO] = "Choose somebody."
        if fault := too_long(note):
            errors[cls.NOTE] = fault
        return HandedOver(
            alert=carried(submitted),
            to=to,
            note=kept(note),
            shown=carried_too(submitted),
            errors=errors,
        )
