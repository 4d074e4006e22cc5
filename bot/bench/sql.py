"""Sigma conditions as SQL, for the databases that `bench peers` compares with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Tree: TypeAlias = dict[str, "Tree"]
"""Fields by the steps of their dotted names; those without steps below are texts."""


def fields(node: object) -> Iterator[str]:
    """The fields that a condition asks for."""
    from sigma import conditions

    if isinstance(node, conditions.ConditionItem):
        for one in node.args:
            yield from fields(one)
    elif isinstance(node, conditions.ConditionFieldEqualsValueExpression):
        yield node.field


def tree(names: Iterator[str]) -> Tree:
    """Dotted names as a tree."""
    whole: Tree = {}
    for name in names:
        below = whole
        for step in name.split("."):
            below = below.setdefault(step, {})
    return whole


def texts_only(node: object, fields_of_all: Tree) -> bool:
    """Whether *node* asks only for texts, never for an object whose fields others ask for."""
    for name in fields(node):
        below = fields_of_all
        for step in name.split("."):
            below = below[step]
        if below:
            return False
    return True


def condition(node: object, regex: str) -> str:
    """*node* over a struct `r`; *regex* is the database's function. Raises TypeError."""
    from sigma import conditions

    if isinstance(node, conditions.ConditionAND | conditions.ConditionOR):
        word = " AND " if isinstance(node, conditions.ConditionAND) else " OR "
        return "(" + word.join(condition(one, regex) for one in node.args) + ")"
    if isinstance(node, conditions.ConditionNOT):
        return f"NOT {condition(node.args[0], regex)}"
    if isinstance(node, conditions.ConditionFieldEqualsValueExpression):
        column = "r." + ".".join(f'"{step}"' for step in node.field.split("."))
        return f"coalesce({_test(column, node.value, regex)}, false)"
    raise TypeError(f"{type(node).__name__} is not put into SQL")


def _test(column: str, value: object, regex: str) -> str:
    from sigma import types

    if isinstance(value, types.SigmaNull):
        return f"{column} IS NULL"
    if isinstance(value, types.SigmaExists):
        return f"{column} IS {'NOT ' if value.exists else ''}NULL"
    if isinstance(value, types.SigmaRegularExpression):
        return f"{regex}({column}, {_quoted(str(value.regexp))})"
    if isinstance(value, types.SigmaString):
        plain = all(isinstance(part, str) for part in value.s)
        text = "".join(_part(part, plain=plain) for part in value.s).lower()
        return f"lower({column}) {'=' if plain else 'LIKE'} {_quoted(text)}"
    if isinstance(value, types.SigmaBool | types.SigmaNumber):
        return f"lower({column}) = {_quoted(str(value).lower())}"
    raise TypeError(f"{type(value).__name__} is not put into SQL")


def _part(part: object, *, plain: bool) -> str:
    from sigma import types

    if isinstance(part, str):
        return part if plain else part.replace("_", "\\_").replace("%", "\\%")
    return "%" if part == types.SpecialChars.WILDCARD_MULTI else "_"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
