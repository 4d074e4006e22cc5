"""What a `[[source]]` of one type needs, and what means nothing to it."""

from __future__ import annotations

from typing import Any

from bot.settings.faults import SettingFault, hint
from bot.settings.tables import LOOKUP_EVENTS, SQS, called

_ONLY = {SQS: ("queue_url", "visibility_seconds"), LOOKUP_EVENTS: ("since_hours",)}
"""The keys that are of one type alone."""


def check_sources(data: dict[str, Any], faults: list[SettingFault]) -> None:
    """*data* as the file has it: a fault in one source hides nothing of another."""
    tables = data.get("source")
    sources = tables if isinstance(tables, list) else []
    for place, one in enumerate(sources, 1):
        if isinstance(one, dict):
            _check_keys(one, f"[[source]] {place}", faults)
    _check_called([one for one in sources if isinstance(one, dict)], faults)
    _check_asked_twice([one for one in sources if isinstance(one, dict)], faults)


def _check_keys(one: dict[str, Any], at: str, faults: list[SettingFault]) -> None:
    kind = one.get("type", SQS)
    if kind not in _ONLY:
        return  # said already
    if kind == SQS and "queue_url" not in one:
        where = f"{at}, queue_url"
        faults.append(SettingFault(where, "This is missing.", hint(where)))
    for other, keys in _ONLY.items():
        for key in keys:
            if other != kind and key in one:
                what = f"A source of type {kind} has no {key}."
                mend = f'Drop it, or write type = "{other}".'
                faults.append(SettingFault(f"{at}, {key}", what, mend))


def _check_called(sources: list[dict[str, Any]], faults: list[SettingFault]) -> None:
    """Status and alerts tell sources apart by what they are called."""
    distinct = {str(one.get("queue_url") or place): one for place, one in enumerate(sources)}
    names = [
        called(*(str(one.get(key) or "") for key in ("name", "type", "queue_url", "region")))
        for one in distinct.values()
    ]
    for twice in sorted({name for name in names if name and names.count(name) > 1}):
        shown = repr(twice if len(twice) <= 80 else twice[:80] + "…")
        what = f"Two of them are called {shown}."
        faults.append(SettingFault("[[source]]", what, "Give each a name of its own."))


def _check_asked_twice(sources: list[dict[str, Any]], faults: list[SettingFault]) -> None:
    """Two of one account and Region would only halve each other's requests."""
    asked = [
        (str(one.get("region") or ""), str(one.get("role_arn") or "").partition(":role/")[0])
        for one in sources
        if one.get("type") == LOOKUP_EVENTS
    ]
    for region, account in sorted({one for one in asked if asked.count(one) > 1}):
        whose = account.rpartition(":")[2] or "the account of the bot's own credentials"
        what = f"The event history of {region or 'the default Region'} in {whose} stands twice."
        faults.append(SettingFault("[[source]]", what, "Drop one."))
