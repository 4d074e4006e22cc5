"""What a correlation asks for, in words."""

from __future__ import annotations

from bot.detection.rule import Correlation, Kind
from bot.model import lasting


def asked(chain: Correlation) -> str:
    """When *chain* speaks, as a sentence: what, how often, in which time, with what the same."""
    same = f", with the same {_listed(chain.group_by)}" if chain.group_by else ""
    meant = "".join(
        f"; {alias} is {_listed([f'{field} of {rule}' for rule, field in fields.items()])}"
        for alias, fields in chain.aliases.items()
    )
    succeeded = "; what was refused or failed does not count" if chain.succeeded else ""
    return f"{_what(chain)} within {lasting(chain.timespan)}{same}{meant}{succeeded}."


def _what(chain: Correlation) -> str:
    rules = [_often(name, chain.times.get(name, 1)) for name in chain.rules]
    if chain.kind is Kind.EVENT_COUNT:
        return f"{chain.at_least} records or more of {_listed(rules, 'or')}"
    if chain.kind is Kind.VALUE_COUNT:
        values = f"{chain.at_least} different values or more of {chain.value_field}"
        return f"{values} in records of {_listed(rules, 'or')}"
    if chain.kind is Kind.TEMPORAL_ORDERED:
        return ", then ".join(rules)
    if chain.at_least < len(rules):
        return f"{chain.at_least} of {_listed(rules)}, in any order,"
    return f"{_listed(rules)}, in any order,"


def _often(name: str, times: int) -> str:
    return name if times == 1 else f"{name} ({times} times)"


def _listed(names: tuple[str, ...] | list[str], last: str = "and") -> str:
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end
