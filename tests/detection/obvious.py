"""Sigma's conditions judged the slow, obvious way, to hold the compiled rules against.

It shares nothing with `bot.detection.match`: strings become regular expressions, every value is
looked at, nothing is looked up. Fields that are worked out are the same in both; they have tests of
their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from sigma import conditions, types
from sigma.rule import SigmaRule

from bot.detection import derived

Table = dict[str, object]


def asked(rule: SigmaRule) -> list[object]:
    """The rule's conditions as pySigma reads them, which takes it a while."""
    return [one.parsed for one in rule.detection.parsed_condition]


def judged(rule: SigmaRule | list[object], document: Table) -> bool:
    """Whether *document* meets one of the rule's conditions, or one of those `asked` gave."""
    nodes = rule if isinstance(rule, list) else asked(rule)
    return any(_holds(node, document) for node in nodes)


def _holds(node: object, document: Table) -> bool:
    if isinstance(node, conditions.ConditionAND):
        return all(_holds(one, document) for one in node.args)
    if isinstance(node, conditions.ConditionOR):
        return any(_holds(one, document) for one in node.args)
    if isinstance(node, conditions.ConditionNOT):
        return not _holds(node.args[0], document)
    if isinstance(node, conditions.ConditionFieldEqualsValueExpression):
        found = _found(document, node.field)
        if isinstance(node.value, types.SigmaFieldReference):
            others = _found(document, node.value.field)
            return any(_refers(node.value, one, two) for one in found for two in others)
        return _field(node.value, found)
    assert isinstance(node, conditions.ConditionValueExpression)
    return any(_keyword(node.value, one) for one in _everything(document))


def _found(document: Table, field: str) -> list[object]:
    if field.startswith("callwarden."):
        return list(derived.reader(field)(document))
    top, *below = field.split(".")
    if top not in ("requestParameters", "responseElements"):
        return list(_at(document, [top, *below]))
    return list(_at(document.get(top), below, loose=True))


def _at(value: object, path: list[str], *, loose: bool = False) -> Iterator[object]:
    """All that stands at *path*, lists taken apart, null left out. *loose* is blind to the case of
    a key's first letter where the key itself is not there."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path, loose=loose)
    elif path:
        keys = [path[0]]
        if loose and path[0]:
            keys += [path[0][0].upper() + path[0][1:], path[0][0].lower() + path[0][1:]]
        there = [key for key in keys if isinstance(value, dict) and key in value]
        if isinstance(value, dict) and there:
            yield from _at(value[there[0]], path[1:], loose=loose)
    elif value is not None:
        yield value


def _everything(value: object) -> Iterator[object]:
    """Every key and value."""
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from _everything(one)
    elif isinstance(value, list):
        for one in value:
            yield from _everything(one)
    elif value is not None:
        yield value


def _field(want: object, found: list[object]) -> bool:
    if isinstance(want, types.SigmaNull):
        return found == []
    if isinstance(want, types.SigmaExists):
        return want.exists is (found != [])
    return any(_one(want, value) for value in found)


def _keyword(want: object, value: object) -> bool:
    if isinstance(want, types.SigmaString):
        return re.search(_pattern(want), _said(value), _flags(want)) is not None
    return _one(want, value)


def _one(want: object, value: object) -> bool:
    if isinstance(want, types.SigmaString):
        return re.fullmatch(_pattern(want), _said(value), _flags(want)) is not None
    if isinstance(want, types.SigmaRegularExpression):
        flags = sum(want.sigma_to_python_flags[flag] for flag in want.flags)
        # As RE2 has it: classes like \\d are ASCII's.
        return re.search(str(want.regexp), _said(value), flags | re.ASCII) is not None
    if isinstance(want, types.SigmaBool):
        return value is want.boolean or (
            isinstance(value, str) and value.lower() == str(want.boolean).lower()
        )
    if isinstance(want, types.SigmaNumber):
        return _number(value) == want.number
    if isinstance(want, types.SigmaCIDRExpression):
        try:
            return ip_address(_said(value)) in ip_network(want.cidr)
        except ValueError:
            return False
    assert isinstance(want, types.SigmaCompareExpression)
    number, limit = _number(value), want.number.number
    if number is None:
        return False
    return {
        "LT": number < limit,
        "LTE": number <= limit,
        "GT": number > limit,
        "GTE": number >= limit,
    }[want.op.name]


def _refers(want: types.SigmaFieldReference, value: object, other: object) -> bool:
    one, two = _said(value).lower(), _said(other).lower()
    if want.starts_with and want.ends_with:
        return two in one
    if want.starts_with:
        return one.startswith(two)
    return one.endswith(two) if want.ends_with else one == two


def _pattern(want: types.SigmaString) -> str:
    """The string as a regular expression."""
    stars = {
        types.SpecialChars.WILDCARD_MULTI: ".*",
        types.SpecialChars.WILDCARD_SINGLE: ".",
    }
    return "".join(
        re.escape(part) if isinstance(part, str) else stars[part]  # type: ignore[index]
        for part in want.s
    )


def _flags(want: types.SigmaString) -> re.RegexFlag:
    cased = isinstance(want, types.SigmaCasedString)
    return re.DOTALL if cased else re.DOTALL | re.IGNORECASE


def _said(value: object) -> str:
    """The value as JSON writes it, a string as itself."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
