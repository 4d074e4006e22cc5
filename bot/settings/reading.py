"""TOML becomes tables, field by field, so that one fault does not hide the next."""

from __future__ import annotations

import difflib
from typing import Any, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct

from bot.model import Allowed, Verb
from bot.settings.checks import check_allowed
from bot.settings.faults import SettingFault, hint

_NOT_IN_FILE = frozenset({"home", "bot_token", "app_token", "api_url"})


def walk(table: type[Struct], data: Any, at: str, faults: list[SettingFault]) -> dict[str, Any]:
    """Convert field by field, so that one fault does not hide the next."""
    kept: dict[str, Any] = {}
    if not isinstance(data, dict):
        # `[[source]] 2` is an item of a list, which is written with the name alone.
        head = at.split(" ")[0] if at.startswith("[[") else f"[{at}]"
        faults.append(SettingFault(at or "file", "This must be a table.", f"Write {head}."))
        return kept
    # A setting may be called what no Python name can be, such as `from`.
    inside = [one for one in msgspec.structs.fields(table) if one.name not in _NOT_IN_FILE]
    fields = {one.encode_name: one for one in inside}
    for key in sorted(data.keys() - fields.keys()):
        close = difflib.get_close_matches(key, fields, n=1)
        mend = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(fields)}."
        faults.append(SettingFault(_join(at, key), "This setting is not known.", mend))
    for name, info in fields.items():
        where = _join(at, name)
        if name not in data:
            if info.required:
                faults.append(SettingFault(where, "This is missing.", hint(where)))
            continue
        value = _convert(info.type, data[name], where, faults)
        if value is not UNSET:
            kept[info.name] = value
    return kept


def _convert(kind: Any, value: Any, where: str, faults: list[SettingFault]) -> Any:
    """*value* as *kind*, or UNSET with the fault noted."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        before = len(faults)
        kept = walk(kind, value, where, faults)
        return kind(**kept) if len(faults) == before else UNSET
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(inner[0], type) and issubclass(inner[0], Struct):
        if not isinstance(value, list):
            faults.append(SettingFault(where, "This must be a list.", f"Write [[{where}]]."))
            return UNSET
        items = [
            _convert(inner[0], item, f"[[{where}]] {place}", faults)
            for place, item in enumerate(value, 1)
        ]
        return UNSET if UNSET in items else tuple(items)
    if origin is dict and inner[0] is str:
        return _convert_named(inner[1], value, where, faults)
    if origin is dict:
        return _convert_people(value, where, faults)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(SettingFault(where, f"{_plain(error)}.", hint(where)))
        return UNSET


def _convert_named(kind: type[Struct], value: Any, where: str, faults: list[SettingFault]) -> Any:
    """Tables by names that only their reader knows."""
    if not isinstance(value, dict):
        faults.append(SettingFault(where, "This must be a table.", f"Write [{where}.NAME]."))
        return UNSET
    found = {name: _convert(kind, one, _join(where, name), faults) for name, one in value.items()}
    return UNSET if UNSET in found.values() else found


def _convert_people(value: Any, where: str, faults: list[SettingFault]) -> Any:
    people: dict[Verb, Allowed] = {}
    if not isinstance(value, dict):
        faults.append(SettingFault(where, "This must be a table.", "Write [people.take]."))
        return UNSET
    for key, table in value.items():
        if key not in set(Verb):
            known = ", ".join(Verb)
            faults.append(
                SettingFault(f"people.{key}", "There is no such verb.", f"Known: {known}.")
            )
            continue
        allowed = _convert(Allowed, table, f"people.{key}", faults)
        if allowed is not UNSET:
            people[Verb(key)] = allowed
            check_allowed(allowed, f"people.{key}", faults)
    return people


def _join(at: str, key: str) -> str:
    if at.startswith("[["):
        return f"{at}, {key}"
    return f"{at}.{key}" if at else key


def _plain(error: msgspec.ValidationError) -> str:
    """msgspec's sentence without its JSON path and regexes: we name the place ourselves."""
    if "matching regex" in str(error):
        return "This does not have the right form"
    return str(error).split(" - at ")[0].replace("`", "'")
