"""What settings change about rules, and whose faults stop a start."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bot.detection.headline import FIELDS
from bot.detection.rule import Correlation, Rule
from bot.model import LeftOut, Override

Made = TypeVar("Made", Rule, Correlation)


def changed(one: Made, override: Mapping[str, Override]) -> Made:
    """*one* as *override* (by name) wants it."""
    by = override.get(one.name)
    if by is None:
        return one
    return replace(
        one,
        level=by.level or one.level,
        status=by.status or one.status,
        overridden=bool(by.status),
        fold_by=by.fold_by or one.fold_by,
        fold_minutes=by.fold_minutes or one.fold_minutes,
    )


def wrong(override: Mapping[str, Override], known: Sequence[str]) -> Iterator[str]:
    """What *override* names that there is not. *known* are all names that may stand there, also of
    rules that were refused."""
    for name, one in override.items():
        yield from _wrong(name, one, known)


def _wrong(name: str, one: Override, known: Sequence[str]) -> Iterator[str]:
    where = f"rules.override.{name}"
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "drop it, or name one that there is"
        yield f"{where}: there is no rule of that name; {hint}"
    if one.fold_by == ():
        yield f"{where}.fold_by: it is empty; known are {', '.join(FIELDS)}"
    for field in one.fold_by or ():
        if field not in FIELDS:
            near = difflib.get_close_matches(field, FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(FIELDS)}"
            yield f"{where}.fold_by: {field} is no field; {hint}"
    if one.fold_minutes is not None and not 1 <= one.fold_minutes <= 1440:
        yield f"{where}.fold_minutes: it must be from 1 to 1440"


def parted(faults: Sequence[str], folders: Sequence[Path]) -> tuple[list[str], list[LeftOut]]:
    """Faults (`FILE: REASON`) that stop a start, and the files of *folders* that are only left
    out, each with its reasons."""
    fatal: list[str] = []
    reasons: dict[str, list[str]] = {}
    for fault in faults:
        file, colon, reason = fault.partition(": ")
        inside = any(
            Path(file).is_relative_to(folder) and Path(file) != folder for folder in folders
        )
        if colon and inside:
            reasons.setdefault(file, []).append(reason)
        else:
            fatal.append(fault)
    return fatal, [LeftOut(file, "; ".join(why)) for file, why in sorted(reasons.items())]
