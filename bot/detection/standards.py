"""What a rule must have before it is shipped. Pure: loaded rules in, sentences out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from bot.detection.attack import VERSION, tag_names, techniques_of
from bot.detection.rule import Rule, RuleTest
from bot.detection.ruletest import run_tests

_SPAN = re.compile(r"\b(?:minutes?|hours?|days?)\b")
# Names that a reader finds in the record; words that are also plain English (type, resources)
# count only as a part of a path.
_FIELD = re.compile(
    r"\b(?:requestParameters|responseElements|additionalEventData|serviceEventDetails|tlsDetails)\b"
    r"|\b(?:userIdentity|sessionIssuer|sessionContext|principalId|accessKeyId|invokedBy|userName)\b"
    r"|\b(?:eventTime|eventName|eventSource|eventID|errorCode|errorMessage|awsRegion)\b"
    r"|\b(?:sourceIPAddress|userAgent|recipientAccountId|sharedEventID|vpcEndpointId)\b"
    r"|\bresources\.\w+"
)
_SENTENCE = 40
"""Characters below which a description is a title, no sentence."""

_STEPS = range(2, 4)
_SHARE = 0.5
"""Of the pack's rules, how many must look at more than the call's name."""


class Fault(Struct, frozen=True):
    """One thing to mend. *where* is a rule's name, or "" for the pack as a whole."""

    where: str
    what: str


def faults_of(rules: Sequence[Rule]) -> list[Fault]:
    """Everything in which *rules* fall short, rule by rule, then as a pack."""
    found = [Fault(rule.name, what) for rule in rules for what in _rule_faults(rule)]
    names = [rule.name for rule in rules if not looks_deeper(rule)]
    if len(names) > len(rules) * (1 - _SHARE):
        found.append(
            Fault(
                "",
                f"{len(names)} of {len(rules)} rules look at nothing but the call's name; at most "
                f"half may: {', '.join(names)}",
            )
        )
    return found


def looks_deeper(rule: Rule) -> bool:
    """Whether *rule* tells apart two records of the same call: by its parameters, who made it or
    how it ended. Its own tests are the proof."""
    hits = {_call(test) for test in rule.tests if test.match}
    return any(_call(test) in hits for test in rule.tests if not test.match)


def _rule_faults(rule: Rule) -> Iterator[str]:
    yield from _described(rule)
    yield from _steps(rule)
    yield from _tested(rule)
    yield from _needs(rule)


def _described(rule: Rule) -> Iterator[str]:
    if len(rule.description) < _SENTENCE or not rule.description.rstrip().endswith("."):
        yield "its description must be a sentence that says why it matters, with a full stop"
    if not rule.falsepositives:
        yield "it names no false positives"
    if not techniques_of(rule.tags):
        yield "it has no tag of an ATT&CK technique (attack.t1078.004)"
    for tag in rule.tags:
        space, _, name = tag.partition(".")
        if space == "attack" and name not in tag_names():
            yield f"{tag} is no technique or tactic of ATT&CK {VERSION}"
    if not rule.fold_by:
        yield "it has no fold_by"


def _steps(rule: Rule) -> Iterator[str]:
    if len(rule.runbook) not in _STEPS:
        yield f"its runbook has {len(rule.runbook)} step(s); 2 or 3 are read at night"
    for number, step in enumerate(rule.runbook, 1):
        if not _SPAN.search(step):
            yield f"step {number} of its runbook names no span of time (minutes, hours or days)"
        if not _FIELD.search(step):
            yield f"step {number} of its runbook names no field of the record"


def _tested(rule: Rule) -> Iterator[str]:
    hits = [test for test in rule.tests if test.match]
    misses = [test for test in rule.tests if not test.match]
    if not hits:
        yield "no test matches"
    if not misses:
        yield "no test nearly matches"
    names = {str(test.record.get("eventName")) for test in hits}
    if misses and not any(str(test.record.get("eventName")) in names for test in misses):
        yield "no near miss keeps the eventName of a hit and differs in what matters"
    for outcome in run_tests([rule]):
        if not outcome.passed:
            yield f"its test {outcome.test!r} fails: {outcome.fault}"


def _needs(rule: Rule) -> Iterator[str]:
    """A rule that sees nothing on an ordinary feed must say so, and only such a rule."""
    hits = [test.record for test in rule.tests if test.match]
    shown = {
        "data_events": any(_is_data(record) for record in hits),
        "read_events": any(record.get("readOnly") in (True, "true") for record in hits),
    }
    for need, is_shown in shown.items():
        if is_shown and need not in rule.needs:
            yield f"a test that matches is of {_KINDS[need]}; declare needs: [{need}]"
        if need in rule.needs and not is_shown:
            yield f"it declares needs: [{need}], but no test that matches is of {_KINDS[need]}"


_KINDS: Mapping[str, str] = {
    "data_events": "a data event",
    "read_events": "an event that only reads",
}


def _is_data(record: Mapping[str, object]) -> bool:
    return record.get("eventCategory") == "Data" or record.get("managementEvent") in (
        False,
        "false",
    )


def _call(test: RuleTest) -> tuple[str, str]:
    return str(test.record.get("eventSource")), str(test.record.get("eventName"))


def lines(faults: Iterable[Fault]) -> list[str]:
    """One line a fault, for people."""
    return [f"{one.where or 'the pack'}: {one.what}." for one in faults]
