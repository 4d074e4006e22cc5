"""What is wrong with `[[route]]` as a whole: no condition, an unknown instance, a twin."""

from __future__ import annotations

import difflib
from typing import Any

from bot.settings.faults import SettingFault

CONDITIONS = ("instance", "account", "level", "levels", "tag")


def check_routes(data: dict[str, Any], faults: list[SettingFault]) -> None:
    """Each route can catch something, and none hides behind an earlier one just like it."""
    names = _names(data)
    met: dict[str, int] = {}
    for place, route in enumerate(_tables(data, "route"), 1):
        where = f"[[route]] {place}"
        conditions = {key: route[key] for key in CONDITIONS if key in route}
        if not conditions:
            mend = (
                f"Give it {', '.join(CONDITIONS[:-1])} or {CONDITIONS[-1]}; "
                "what no route catches goes to [slack] channel."
            )
            faults.append(SettingFault(where, "It would catch everything.", mend))
            continue
        if "level" in route and "levels" in route:
            mend = "Keep level (that one and worse) or levels (those and no others)."
            faults.append(SettingFault(where, "It has both level and levels.", mend))
        _check_instance(route.get("instance"), names, where, faults)
        first = met.setdefault(repr(sorted(conditions.items())), place)
        if first != place:
            what = f"[[route]] {first} catches the same before it."
            faults.append(SettingFault(where, what, "Drop one of them."))


def _check_instance(
    named: Any, names: dict[str, str], where: str, faults: list[SettingFault]
) -> None:
    if not isinstance(named, str) or named in names or named in names.values():
        return
    close = difflib.get_close_matches(named, names, n=1)
    known = f"Known: {', '.join(sorted(names))}." if names else "Write an [[instance]] for it."
    mend = f"Did you mean {close[0]}?" if close else known
    what = f"No [[instance]] has the name or id {named[:80]!r}."
    faults.append(SettingFault(f"{where}, instance", what, mend))


def _names(data: dict[str, Any]) -> dict[str, str]:
    """Name → id of the instances, as far as they are texts."""
    return {
        one["name"]: str(one.get("id"))
        for one in _tables(data, "instance")
        if isinstance(one.get("name"), str)
    }


def _tables(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    tables = data.get(name)
    found = tables if isinstance(tables, list) else []
    return [one if isinstance(one, dict) else {"instance": None} for one in found]
