"""The compiled rules, the index and an obvious evaluator of the same conditions agree."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from bot.detection import sigma
from bot.detection.document import decode
from bot.detection.engine import Engine
from bot.detection.index import known_of
from bot.detection.record import Entry, Limits, Run, gather, read
from bot.detection.rule import Rule, RuleSet
from bot.detection.sigma.compile import compiled
from tests.detection import made
from tests.detection.made import SHARED, Text, body, record
from tests.detection.obvious import Table, asked, judged

PACK = sigma.load()


def as_sigma(rule: Rule) -> SigmaRule:
    """pySigma's own view of a rule of ours, read again from its file, which may hold others too."""
    (found,) = (
        SigmaRule.from_dict(one)
        for one in yaml.safe_load_all(rule.file.read_text())
        if one.get("name") == rule.name and "detection" in one
    )
    return found


@pytest.mark.skipif(not SHARED.is_dir(), reason="records made by others are not here")
@pytest.mark.parametrize("folder", sorted(SHARED.glob("*/records.jsonl.gz")), ids=str)
def test_every_rule_on_every_record_made_by_others(folder: Path) -> None:
    """Compiled, obvious and by the index: one answer."""
    engine = Engine(PACK)
    pairs = [(rule, asked(as_sigma(rule))) for rule in PACK.rules]
    for entry in read(Text(folder.read_bytes()), Limits()):
        assert isinstance(entry, Entry)
        document = decode(entry.raw)
        let = {rule.name for rule in engine.candidates(entry)}
        hits = {hit.rule for hit in engine.look(entry).hits}
        watched = {rule.name for rule in PACK.rules if rule.watched and rule.matches(document)}
        assert hits == watched, entry.where
        for rule, obvious in pairs:
            matches = judged(obvious, document)
            assert rule.matches(document) is matches, (rule.name, entry.where)
            assert rule.name in let or not matches, (rule.name, entry.where)


def other_case(value: object) -> object:
    """Every key's first letter in the other case, at every depth: Connect writes both."""
    if isinstance(value, dict):
        return {key[:1].swapcase() + key[1:]: other_case(inner) for key, inner in value.items()}
    return [other_case(one) for one in value] if isinstance(value, list) else value


def test_the_index_lets_through_what_matches_in_either_case() -> None:
    """Of each rule's hits, with the parameters' keys as they are and in the other case."""
    engine = Engine(PACK)
    for rule in PACK.rules:
        for test in rule.tests:
            turned = {
                key: other_case(value)
                for key, value in test.record.items()
                if key in ("requestParameters", "responseElements")
            }
            for one in (test.record, {**test.record, **turned}):
                shown = made.entry(one)
                if rule.matches(decode(shown.raw)):
                    let = [each.name for each in engine.candidates(shown)]
                    assert rule.name in let, (rule.name, test.name)


WORDS = st.sampled_from(["CreateUser", "createuser", "Create", "iam", "a*b", "", "5", "true", "*"])
VALUES = st.one_of(WORDS, st.integers(0, 9), st.booleans(), st.none())
FIELDS = (
    "eventName",
    "eventSource",
    "errorCode",
    "userAgent",
    "awsRegion",
    "sourceIPAddress",
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.accessKeyId",
    "userIdentity.invokedBy",
    "requestParameters.Names",
    "requestParameters.Size",
)
PATTERNS = st.sampled_from(
    ["CreateUser", "create*", "*User", "?am", "*e*U*", "\\*", "a\\*b", "", "*"]
)
TESTS = st.one_of(
    st.tuples(
        st.sampled_from(
            ["", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq"]
        ),
        st.one_of(PATTERNS, st.lists(PATTERNS, min_size=1, max_size=3)),
    ),
    st.tuples(st.just("|contains|all"), st.lists(PATTERNS, min_size=2, max_size=3)),
    st.tuples(
        st.sampled_from(["|re", "|re|i"]), st.sampled_from(["^Create", "user$", "a.b", "^$", "."])
    ),
    st.tuples(st.sampled_from(["|lt", "|lte", "|gt", "|gte", ""]), st.integers(0, 9)),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(st.just(""), st.one_of(st.none(), st.booleans())),
    st.tuples(st.just("|cidr"), st.sampled_from(["10.0.0.0/8", "203.0.113.0/24"])),
    st.tuples(
        st.sampled_from(["|fieldref", "|fieldref|contains", "|fieldref|startswith"]),
        st.sampled_from(FIELDS),
    ),
)
ITEMS = st.tuples(st.sampled_from(FIELDS), TESTS).map(lambda one: {one[0] + one[1][0]: one[1][1]})
SEARCHES = st.one_of(
    ITEMS,
    st.lists(ITEMS, min_size=1, max_size=3),
    st.tuples(ITEMS, ITEMS).map(lambda two: {**two[0], **two[1]}),
    st.lists(st.sampled_from(["Create", "arn", "203"]), min_size=1, max_size=2),
)
CONDITIONS = st.sampled_from(
    ["a", "not a", "a and b", "a or b", "a and not b", "not (a or b)", "1 of them", "all of them"]
)
RECORDS = st.fixed_dictionaries(
    {"eventName": WORDS, "eventSource": WORDS},
    optional={
        "errorCode": VALUES,
        "userAgent": VALUES,
        "awsRegion": VALUES,
        "sourceIPAddress": st.sampled_from(["10.1.2.3", "203.0.113.9", "AWS Internal", ""]),
        "userIdentity": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "type": VALUES,
                    "arn": VALUES,
                    "accessKeyId": WORDS,
                    "accesskeyid": WORDS,
                    "invokedBy": WORDS,
                    "invokedby": WORDS,
                },
            ),
        ),
        "requestParameters": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "Names": st.one_of(VALUES, st.lists(VALUES)),
                    "names": VALUES,
                    "Size": VALUES,
                    "size": VALUES,
                },
            ),
        ),
        "eventname": WORDS,
        "useragent": WORDS,
    },
)


def ruled(a: object, b: object, condition: str) -> SigmaRule | None:
    """A rule with these two searches; None where Sigma itself refuses it."""
    text = {
        "title": "Any",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"a": a, "b": b, "condition": condition},
    }
    try:
        (found,) = SigmaCollection.from_yaml(yaml.safe_dump(text)).rules
        assert isinstance(found, SigmaRule)
        assert [one.parsed for one in found.detection.parsed_condition]
    except SigmaError:
        return None
    return found


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(SEARCHES, SEARCHES, CONDITIONS, st.lists(RECORDS, min_size=1, max_size=6))
def test_any_condition_on_any_record(
    a: object, b: object, condition: str, made: list[Table]
) -> None:
    """Three ways to the same answer, whatever the condition is made of."""
    rule = ruled(a, b, condition)
    node = compiled(rule, []) if rule else None
    if rule is None or node is None:
        return
    mine = replace(
        PACK.rules[0],
        name="mine",
        matches=node.matches,
        guess=node.guess,
        reads=node.reads,
        status="stable",
    )
    silent = replace(mine, name="silent", silent=True, watched=True)
    engine = Engine(RuleSet((mine, silent)))
    whole = [{**base(), **one} for one in made]
    expected = []
    for entry in read(Text(body(*whole)), Limits()):
        assert isinstance(entry, Entry)
        document = decode(entry.raw)
        matches = judged(rule, document)
        assert node.matches(document) is matches
        assert bool(engine.candidates(entry)) or not matches
        assert len(engine.look(entry).hits) == matches
        assert len(Engine(RuleSet((silent,))).look(entry).hits) == matches
        if not entry.odd:
            assert node.guess(known_of(entry.core)) in (None, matches)
        expected += [entry.where] * matches
    assert len(expected) == len(swept(engine, whole))


def base() -> Table:
    """A whole record without the fields that the conditions are about."""
    gone = {"errorCode", "userAgent", "awsRegion", "sourceIPAddress", "userIdentity"}
    kept = {key: value for key, value in record().items() if key not in gone}
    del kept["requestParameters"]
    return kept


def swept(engine: Engine, whole: list[Table]) -> list[str]:
    """The rules that spoke of these records when they were read in runs, as `scan` does."""
    looks = []
    for one in gather(Text(json.dumps({"Records": whole}).encode()), Limits()):
        if isinstance(one, Run):
            looks += list(engine.sweep(one))
        elif isinstance(one, Entry):
            looks.append(engine.look(one))
    return [finding.rule for look in looks for finding in look.findings]
