"""**Snooze…** and **Mute rule for this actor…**: what, for how long, and why?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import InputBlock, Option, RadioButtonsElement

from bot.model import Alert, Level, Scope
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
from bot.slack.text import plain


class Snoozed(Struct, frozen=True, kw_only=True):
    """What a person filled in; *shown* is what the window showed, as it was told to carry it.

    *errors* holds a sentence per block id.
    """

    alert: str
    scope: Scope | None
    hours: int
    note: str
    shown: str = ""
    errors: dict[str, str] = {}


class SnoozeModal:
    """Quiet about what, until when?"""

    ID = "snooze_alert"
    SCOPE = "scope"
    HOURS = "hours"
    REASON = "reason"
    _CHOSEN = "chosen"
    _WRITTEN = "written"

    @classmethod
    def build(
        cls,
        alert: Alert,
        *,
        scope: Scope = Scope.ALERT,
        offered: Collection[Scope] = tuple(Scope),
        shown: str = "",
        since: str = "",
    ) -> dict[str, Any]:
        """The modal for *alert*, with *scope* of *offered* chosen; it carries the alert's id and
        *shown*.

        *since* says what has changed since the person saw it last.
        """
        who = plain(alert.actor.name or "this actor", 40)
        target = plain(alert.target or alert.instance or "this target", 40)
        meant = {
            Scope.ALERT: "What folds into it; reminders too.",
            Scope.RULE_ACTOR_TARGET: f"What {who} does to {target}.",
            Scope.RULE_ACTOR: f"All {who} does that the rule speaks of; open alerts too.",
        }
        scopes = [
            Option(
                value=one.value,
                text=words(parts.SCOPES[one].capitalize()),
                description=words(meant[one]),
            )
            for one in offered
        ]
        first = next(option for option in scopes if option.value == scope)
        what = InputBlock(
            block_id=cls.SCOPE,
            label=words("Snooze what?"),
            element=RadioButtonsElement(
                action_id=cls._CHOSEN, options=scopes, initial_option=first
            ),
        )
        long = lasting_field(
            cls.HOURS,
            cls._CHOSEN,
            {str(hours): said for hours, said in parts.HOURS.items()},
            cls._hint(alert),
        )
        reason = note_field(
            cls.REASON,
            cls._WRITTEN,
            "Why?",
            hint="It is announced in the thread and stands in the ledger.",
            placeholder="What makes this harmless until then?",
            optional=False,
        )
        fields = [what.to_dict(), long, reason]
        if since:
            fields.insert(0, parts.literal(f"⚠️ {since}"))
        return form(cls.ID, "Snooze", alert, fields, "Snooze", shown=shown)

    @staticmethod
    def _hint(alert: Alert) -> str:
        ends = "New context (another actor, network, program, success) ends it by itself."
        if alert.level is Level.CRITICAL:
            return f"It is critical: beyond 1 hour a day a second person must agree. {ends}"
        return ends

    @classmethod
    def parse(cls, submitted: Mapping[str, Any]) -> Snoozed:
        """Read a submitted modal."""
        values = filled(submitted)
        scope = chosen(values, cls.SCOPE, cls._CHOSEN)
        hours = chosen(values, cls.HOURS, cls._CHOSEN)
        note = written(values, cls.REASON, cls._WRITTEN)
        errors = {}
        if scope not in set(Scope):
            errors[cls.SCOPE] = "Choose what to snooze."
        if not hours.isdecimal() or int(hours) not in parts.HOURS:
            errors[cls.HOURS] = "Choose how long."
        if fault := unsaid(note, "Say why."):
            errors[cls.REASON] = fault
        return Snoozed(
            alert=carried(submitted),
            scope=None if cls.SCOPE in errors else Scope(scope),
            hours=0 if cls.HOURS in errors else int(hours),
            note=kept(note),
            shown=carried_too(submitted),
            errors=errors,
        )
