"""A rule's headline and fold keys, filled from a record that may lack any of it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping

from bot.model import Record

_LONGEST = 100
"""Characters of one value in a headline; names are chosen by whoever made the call."""

_UUID = re.compile(
    r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)

_REFUSED = ("accessdenied", "unauthorized", "notauthorized", "forbidden")

_FIELDS: Mapping[str, tuple[Callable[[Record], str], str]] = {
    "actor": (lambda record: record.actor.name, "someone"),
    "instance": (lambda record: record.instance, "an instance"),
    "target": (lambda record: record.target, "something"),
    "account": (lambda record: record.account, "an unknown account"),
    "region": (lambda record: record.region, "an unknown Region"),
    "event_name": (lambda record: record.name, "a call"),
    "event_source": (lambda record: record.source, "a service"),
    "source_ip": (lambda record: record.source_ip, "an unknown address"),
    "user_agent": (lambda record: record.user_agent, "an unknown client"),
    "error_code": (lambda record: record.error_code, "no error"),
}
FIELDS = tuple(_FIELDS)
"""What a headline may name and findings may be folded by."""


def unknown_fields(template: str) -> list[str]:
    """What *template* names that is no field. Raises ValueError where its braces do not pair."""
    unknown = []
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is not None and (name not in _FIELDS or form or conversion):
            unknown.append(f"{name}{'!' + conversion if conversion else ''}{form and ':' + form}")
    return unknown


def headline(template: str, record: Record, instances: Mapping[str, str]) -> str:
    """*template* filled from *record*, on one line; says so where the call did not succeed."""
    said = filled_in(template, record, instances)
    if is_refused(record.error_code):
        return f"Refused: {said}"
    return f"{'Failed: ' if record.failed else ''}{said}"


def filled_in(template: str, record: Record, instances: Mapping[str, str]) -> str:
    """*template* filled from *record*, on one line."""
    return template.format_map(_Filled(record, instances))


class _Filled(dict[str, str]):
    """A template's fields by name: most templates name two of the ten."""

    def __init__(self, record: Record, instances: Mapping[str, str]) -> None:
        super().__init__()
        self._record = record
        self._instances = instances

    def __missing__(self, name: str) -> str:
        if name == "instance" and self._record.instance in self._instances:
            return _short(self._instances[self._record.instance], self._record.instance)
        value, missing = _FIELDS[name]
        found = _short(value(self._record), missing)
        return told(found) if name in ("actor", "target") else found


def told(name: str) -> str:
    """*name* as a sentence bears it: of an id, which people tell apart by its head, the head. The
    whole id stands in the card's lines."""
    return _UUID.sub(r"\1…", name)


def fold_values(fold_by: tuple[str, ...], record: Record) -> tuple[str, ...]:
    """The values that findings fold by; an actor is its principal, not its name."""
    return tuple(
        record.actor.principal if name == "actor" else _FIELDS[name][0](record) for name in fold_by
    )


def is_refused(error_code: str) -> bool:
    """Whether AWS said no for want of permission, however the service spells that."""
    return error_code.lower().removeprefix("client.").startswith(_REFUSED)


def _short(value: str, missing: str) -> str:
    plain = " ".join(value.split()) or missing
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
