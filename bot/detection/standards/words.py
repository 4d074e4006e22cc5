"""What people read of a rule or a correlation: why it matters, what to do, what may be harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.detection.attack import VERSION, tag_names, techniques_of
from bot.detection.rule import Correlation, Rule

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


def described(rule: Rule | Correlation) -> Iterator[str]:
    """What is missing of why it matters, of its tags and of what may be harmless."""
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


def guided(rule: Rule | Correlation) -> Iterator[str]:
    """What is wrong with its runbook."""
    if len(rule.runbook) not in _STEPS:
        yield f"its runbook has {len(rule.runbook)} step(s); 2 or 3 are read at night"
    for number, step in enumerate(rule.runbook, 1):
        if not _SPAN.search(step):
            yield f"step {number} of its runbook names no span of time (minutes, hours or days)"
        if not _FIELD.search(step):
            yield f"step {number} of its runbook names no field of the record"
