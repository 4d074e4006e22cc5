"""Sigma conditions become predicates over decoded records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bot.detection import derived, match
from bot.detection.document import Document, real_name, text
from bot.detection.rule import Known

if TYPE_CHECKING:
    from sigma.rule import SigmaRule
    from sigma.rule.detection import SigmaDetection, SigmaDetectionItem
    from sigma.types import (
        SigmaFieldReference,
        SigmaRegularExpression,
        SigmaString,
        SigmaType,
    )

# fmt: off
_MODIFIERS = frozenset({
    "all", "cased", "cidr", "contains", "dotall", "endswith", "exists", "fieldref", "gt", "gte",
    "i", "ignorecase", "lt", "lte", "m", "multiline", "neq", "re", "s", "startswith",
})
# fmt: on


@dataclass(frozen=True)
class Node:
    """A condition in two readings: of a whole record, and of some of its fields alone.

    *guess* answers None where these fields do not settle it (Kleene's logic), so that False
    really means that no such record can match. It asks for the fields in *reads*.
    """

    matches: Callable[[Document], bool]
    guess: Callable[[Known], bool | None]
    reads: frozenset[str] = frozenset()


def compiled(sigma: SigmaRule, faults: list[str]) -> Node | None:
    """The rule's condition, compiled; None with the reasons where that cannot be."""
    source = sigma.logsource
    if source.product not in (None, "aws") or source.service not in (None, "cloudtrail"):
        faults.append(f"its logsource is {source.product}/{source.service}, not aws/cloudtrail")
    if "timeframe" in sigma.detection.detections:
        faults.append("detection: timeframe is not supported")
    for detection in sigma.detection.detections.values():
        faults.extend(_unsupported(detection))
    if faults:
        return None
    try:
        nodes = [_compiled(condition.parsed) for condition in sigma.detection.parsed_condition]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        faults.append(f"condition: {plain(error)}")
        return None
    return nodes[0] if len(nodes) == 1 else _either(nodes)


def _unsupported(detection: SigmaDetection | SigmaDetectionItem) -> Iterator[str]:
    from sigma.modifiers import reverse_modifier_mapping
    from sigma.rule.detection import SigmaDetection

    if isinstance(detection, SigmaDetection):
        for item in detection.detection_items:
            yield from _unsupported(item)
        return
    for modifier in detection.modifiers:
        name = reverse_modifier_mapping[modifier.__name__]
        if name not in _MODIFIERS:
            yield f"detection: the modifier {name} of {detection.field} is not supported"
    top = (detection.field or "").split(".")[0]
    if real_name(top) != top:
        yield f"detection: the field {top} is spelt {real_name(top)} by CloudTrail"
    for field in (detection.field, *map(_referred, detection.value)):
        if field and (fault := derived.fault(field)):
            yield f"detection: {fault}"
    if not detection.value:
        yield f"detection: {detection.field} has an empty list"


def _referred(value: object) -> str:
    """The field that *value* is compared with, "" where it is no field."""
    from sigma.types import SigmaFieldReference

    return value.field if isinstance(value, SigmaFieldReference) else ""


def _compiled(condition: object) -> Node:
    from sigma import conditions

    if isinstance(condition, conditions.ConditionAND):
        return _both([_compiled(item) for item in condition.args])
    if isinstance(condition, conditions.ConditionOR):
        return _any(condition.args)
    if isinstance(condition, conditions.ConditionNOT):
        return _negated(_compiled(condition.args[0]))
    if isinstance(condition, conditions.ConditionFieldEqualsValueExpression):
        return _field(condition.field, condition.value)
    if isinstance(condition, conditions.ConditionValueExpression):
        return _keyword(condition.value)
    raise TypeError(f"{type(condition).__name__} is not supported")


def _any(conditions: Sequence[object]) -> Node:
    """Plain strings of one field are looked up together, the rest one after the other."""
    words: dict[str, list[str]] = {}
    nodes: list[Node] = []
    for condition in conditions:
        if (found := _plain_word(condition)) is None:
            nodes.append(_compiled(condition))
        else:
            words.setdefault(found[0], []).append(found[1])
    nodes = [*(_tested(field, match.among(some)) for field, some in words.items()), *nodes]
    return nodes[0] if len(nodes) == 1 else _either(nodes)


def _plain_word(condition: object) -> tuple[str, str] | None:
    """Field and string of a comparison without wildcards that is blind to case, else None."""
    from sigma.conditions import ConditionFieldEqualsValueExpression
    from sigma.types import SigmaString

    if not isinstance(condition, ConditionFieldEqualsValueExpression):
        return None
    word = _word(condition.value) if isinstance(condition.value, SigmaString) else None
    return None if word is None else (condition.field, word)


def _word(value: SigmaString) -> str | None:
    """The string where it has no wildcards and is blind to case, else None."""
    parts = _parts(value)
    if _is_cased(value) or any(isinstance(part, match.Wild) for part in parts):
        return None
    return "".join(parts)


def _both(nodes: Sequence[Node]) -> Node:
    def guess(known: Known) -> bool | None:
        guesses = [node.guess(known) for node in nodes]
        return False if False in guesses else None if None in guesses else True

    tests = [node.matches for node in nodes]

    def matches(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost as much as the tests
            if not test(document):
                return False
        return True

    return Node(matches, guess, _reads(nodes))


def _either(nodes: Sequence[Node]) -> Node:
    def guess(known: Known) -> bool | None:
        guesses = [node.guess(known) for node in nodes]
        return True if True in guesses else None if None in guesses else False

    tests = [node.matches for node in nodes]

    def matches(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(document):
                return True
        return False

    return Node(matches, guess, _reads(nodes))


def _reads(nodes: Sequence[Node]) -> frozenset[str]:
    return frozenset[str]().union(*(node.reads for node in nodes))


def _negated(node: Node) -> Node:
    def guess(known: Known) -> bool | None:
        guessed = node.guess(known)
        return None if guessed is None else not guessed

    return Node(lambda document: not node.matches(document), guess, node.reads)


def _unknown(known: Known) -> None:
    """What is known of single fields says nothing about it."""


def _field(field: str, value: SigmaType) -> Node:
    from sigma.types import SigmaFieldReference

    if isinstance(value, SigmaFieldReference):
        return _reference(field, value)
    return _tested(field, _test(value))


def _tested(field: str, test: match.Test) -> Node:
    values = derived.reader(field)

    def guess(known: Known) -> bool | None:
        found = known.get(field)
        return None if found is None else test(found)

    return Node(lambda document: test(values(document)), guess, frozenset({field}))


def _reference(field: str, reference: SigmaFieldReference) -> Node:
    values, others = derived.reader(field), derived.reader(reference.field)
    starts, ends = reference.starts_with, reference.ends_with

    def matches(document: Document) -> bool:
        wanted = [text(value) for value in others(document)]
        return any(
            match.alike(text(value), want, starts=starts, ends=ends)
            for value in values(document)
            for want in wanted
        )

    return Node(matches, _unknown)


def _keyword(value: SigmaType) -> Node:
    """A value without a field is looked for in every key and value of the record."""
    from sigma.types import SigmaNumber, SigmaRegularExpression, SigmaString

    if isinstance(value, SigmaString):
        star = match.Wild(match.ANY)
        test = match.fits(match.glob([star, *_parts(value), star], cased=_is_cased(value)))
    elif isinstance(value, SigmaRegularExpression | SigmaNumber):
        test = _test(value)
    else:
        raise TypeError(f"a keyword cannot be a {type(value).__name__}")
    return Node(lambda document: any(test((found,)) for found in match.texts(document)), _unknown)


def _test(value: SigmaType) -> match.Test:
    """How a field's values are compared with *value*. Raises TypeError for a kind unknown here."""
    from sigma import types

    if isinstance(value, types.SigmaString):
        if (word := _word(value)) is not None:
            return match.among([word])
        return match.fits(match.glob(_parts(value), cased=_is_cased(value)))
    if isinstance(value, types.SigmaRegularExpression):
        return match.searched(_search(value))
    if isinstance(value, types.SigmaBool):
        return match.boolean(value.boolean)
    if isinstance(value, types.SigmaNumber):
        return match.numeric(value.number)
    if isinstance(value, types.SigmaNull):
        return match.absent
    if isinstance(value, types.SigmaExists):
        return match.existing(value.exists)
    if isinstance(value, types.SigmaCIDRExpression):
        return match.within(value.network)
    if isinstance(value, types.SigmaCompareExpression):
        return match.compared(cast(match.Comparison, value.op.name), value.number.number)
    raise TypeError(f"{type(value).__name__} is not supported")


def _search(value: SigmaRegularExpression) -> Callable[[bytes], object]:
    """By RE2, in time that grows with the text alone: whoever makes a call chooses the text, and
    Python's own engine may take hours over some patterns."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    letters = {"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}
    flags = "".join(sorted(letters[flag.name] for flag in value.flags))
    pattern = f"(?{flags}){value.regexp}" if flags else str(value.regexp)
    found: Callable[[bytes], object] = re2.compile(pattern.encode(), options).search
    return found


def _parts(value: SigmaString) -> list[str]:
    """The string with its wildcards told apart from escaped ones."""
    from sigma.types import SpecialChars

    wild = {
        SpecialChars.WILDCARD_MULTI: match.Wild(match.ANY),
        SpecialChars.WILDCARD_SINGLE: match.Wild(match.ONE),
    }
    return [part if isinstance(part, str) else wild[cast(SpecialChars, part)] for part in value.s]


def _is_cased(value: SigmaString) -> bool:
    from sigma.types import SigmaCasedString

    return isinstance(value, SigmaCasedString)


def plain(error: Exception) -> str:
    """A foreign error's sentence on one line."""
    return " ".join(str(error).split()) or type(error).__name__
