"""Fields under `callwarden.` that no record has: what rules ask and Sigma alone cannot tell.

They are worked out when a rule asks for one, so only for records that the index let through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.detection import match
from bot.detection.accounts import foreign
from bot.detection.document import Document
from bot.detection.openports import open_ports, other_ports
from bot.detection.policies import opened

Read: TypeAlias = Callable[[Document], Sequence[object]]

_SPACE = "callwarden."
_FOREIGN = "callwarden.foreign."
_FIELDS: Mapping[str, Read] = {
    "callwarden.policy.strangers": lambda document: opened(document).strangers,
    "callwarden.policy.organizations": lambda document: opened(document).organizations,
    "callwarden.policy.public": lambda document: (True,) if opened(document).public else (),
    "callwarden.open_ports": open_ports,
    "callwarden.open_ports.other": other_ports,
}


def reader(field: str) -> Read:
    """How the values of *field* are read, whether a record has it or it is worked out."""
    if field.startswith(_FOREIGN):
        read = match.reader(field.removeprefix(_FOREIGN).split("."))
        return lambda document: tuple(foreign(document, read(document)))
    return _FIELDS.get(field) or match.reader(field.split("."))


def fault(field: str) -> str:
    """Why *field* cannot be asked for, "" where it can."""
    known = field in _FIELDS or (field.startswith(_FOREIGN) and field != _FOREIGN)
    if known or not field.startswith(_SPACE):
        return ""
    return f"there is no field {field}; there are {', '.join([*_FIELDS, _FOREIGN + 'PATH'])}"
