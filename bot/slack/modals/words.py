"""Modals that ask for words alone: **Add note…** and **Re-open…**."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from bot.model import Alert
from bot.slack.modals.view import carried, filled, form, kept, note_field, unsaid, written


class Written(Struct, frozen=True, kw_only=True):
    """What a person wrote. *errors* holds a sentence per block id, where there are any."""

    alert: str
    note: str
    errors: dict[str, str] = {}


class _WordsModal:
    """One field; each kind says what it asks."""

    ID: ClassVar[str]
    NOTE = "note"
    _WRITTEN = "written"
    _TITLE: ClassVar[str]
    _SUBMIT: ClassVar[str]
    _LABEL: ClassVar[str]
    _PLACEHOLDER: ClassVar[str]

    @classmethod
    def build(cls, alert: Alert) -> dict[str, Any]:
        """The modal for *alert*; it carries the alert's id and nothing else."""
        note = note_field(
            cls.NOTE,
            cls._WRITTEN,
            cls._LABEL,
            hint="It stands in the thread and in the ledger. No passwords, no callers.",
            placeholder=cls._PLACEHOLDER,
            optional=False,
        )
        return form(cls.ID, cls._TITLE, alert, [note], cls._SUBMIT)

    @classmethod
    def parse(cls, submitted: Mapping[str, Any]) -> Written:
        """Read a submitted modal."""
        values = filled(submitted)
        note = written(values, cls.NOTE, cls._WRITTEN)
        fault = unsaid(note, "Write something.")
        errors = {cls.NOTE: fault} if fault else {}
        return Written(alert=carried(submitted), note=kept(note), errors=errors)


class NoteModal(_WordsModal):
    """What should stand with the alert?"""

    ID = "note_alert"
    _TITLE = "Note on"
    _SUBMIT = "Keep it"
    _LABEL = "Note"
    _PLACEHOLDER = "What did you find out?"


class ReopenModal(_WordsModal):
    """Why is it not over?"""

    ID = "reopen_alert"
    _TITLE = "Re-open"
    _SUBMIT = "Re-open"
    _LABEL = "Why is it not over?"
    _PLACEHOLDER = "What has come to light?"
