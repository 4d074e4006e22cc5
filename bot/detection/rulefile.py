"""What our own additions to a Sigma file must look like: `callwarden:` and `tests:`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from bot.detection.headline import FIELDS, unknown_fields


class Additions(Struct, frozen=True, kw_only=True):
    """The `callwarden:` table.

    *fold_minutes* None means as the settings say; *stands_for* names rules of any file, or our own
    about ourselves. *needs* says what a feed must carry for the rule to see anything, beyond the
    management events that write.
    """

    headline: str
    fold_by: tuple[str, ...]
    runbook: tuple[str, ...] = ()
    fold_minutes: int | None = None
    stands_for: tuple[str, ...] = ()
    needs: tuple[Literal["data_events", "read_events"], ...] = ()


class ChainAdditions(Additions, frozen=True, kw_only=True):
    """The `callwarden:` table of a correlation.

    *fold_by* () folds by its group. With *succeeded*, calls that were refused or failed do not
    count. *times* is base rule → how many records of it make a step.
    """

    fold_by: tuple[str, ...] = ()
    succeeded: bool = False
    times: dict[str, int] = msgspec.field(default_factory=dict)


A = TypeVar("A", bound=Additions)

OURS = ("callwarden", "tests")
"""Our own keys in a rule's file, beside Sigma's."""

# What would be missed without a word: Sigma does without each of these.
_TOP = (*OURS, "name", "level", "status", "description", "tags", "falsepositives")


def read_additions(table: object, faults: list[str], kind: type[A]) -> A | None:
    """The `callwarden:` table, or None with what is wrong with it added to *faults*."""
    before, keys = len(faults), kind.__struct_fields__
    if not isinstance(table, dict):
        faults.append("callwarden: must be a table")
        return None
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
            faults.append(f"callwarden: {key} is not known; {hint}")
    try:
        additions = msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        faults.append(f"callwarden: {plain_fault(error)}")
        return None
    faults.extend(_wrong_fields(additions))
    return additions if len(faults) == before else None


def misspelt(table: Mapping[str, object]) -> list[str]:
    """Keys beside Sigma's that are nearly Sigma's or ours; any other is its author's business."""
    wrong = []
    for key in table:
        if key in OURS:
            continue
        near = difflib.get_close_matches(str(key).lower(), _TOP, n=1, cutoff=0.8)
        if near:
            wrong.append(f"{key} is not known; did you mean {near[0]}?")
    return wrong


def _wrong_fields(additions: Additions) -> list[str]:
    known = f"known are {', '.join(FIELDS)}"
    try:
        unknown = unknown_fields(additions.headline)
    except ValueError as error:
        return [f"callwarden.headline: {error}"]
    wrong = [f"callwarden.headline: {{{name}}} is no field; {known}" for name in unknown]
    wrong += [
        f"callwarden.fold_by: {name} is no field; {known}"
        for name in additions.fold_by
        if name not in FIELDS
    ]
    if not additions.fold_by and not isinstance(additions, ChainAdditions):
        wrong.append(f"callwarden.fold_by: it is empty; {known}")
    if additions.fold_minutes is not None and not 1 <= additions.fold_minutes <= 1440:
        wrong.append("callwarden.fold_minutes: it must be from 1 to 1440")
    return wrong


def plain_fault(error: msgspec.ValidationError) -> str:
    """What is wrong with a table, in the words of its file."""
    return str(error).replace("`", "'").replace(" - at '$", " at '")
