"""Sigma files: what they mean, and how everything wrong with them is said at once."""

from __future__ import annotations

from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

import pytest
import yaml

from bot.detection import sigma
from bot.detection.rule import Rule, RuleSet
from bot.errors import BadInput
from bot.model import Level
from tests.detection.made import record

Table = dict[str, object]


def written(folder: Path, stem: str = "mine", /, **changes: object) -> Path:
    """A rule file as others write them; a change to None drops the key."""
    rule: Table = {
        "title": "Something happened",
        "id": str(uuid5(NAMESPACE_DNS, stem)),
        "status": "stable",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {
            "selection": {"eventName": "DeleteInstance"},
            "condition": "selection",
        },
        "level": "high",
        **changes,
    }
    folder.mkdir(exist_ok=True)
    file = folder / f"{stem}.yml"
    kept = {key: value for key, value in rule.items() if value is not None}
    file.write_text(yaml.safe_dump(kept, sort_keys=False))
    return file


def ours(folder: Path, stem: str = "mine", /, **changes: object) -> Path:
    """A rule file as ours must be."""
    whole: Table = {
        "name": stem,
        "description": "It matters.",
        "tags": ["attack.t1485"],
        "falsepositives": ["None known"],
        "callwarden": {"headline": "{actor} did it", "fold_by": ["actor"], "runbook": ["Ask."]},
        "tests": [
            {"name": "hit", "match": True, "record": record()},
            {"name": "miss", "match": False, "record": record("Other")},
        ],
    }
    return written(folder, stem, **{**whole, **changes})


def loaded(tmp_path: Path, **changes: object) -> Rule:
    """One rule by others with these changes."""
    written(tmp_path / "theirs", **changes)
    (tmp_path / "pack").mkdir(exist_ok=True)
    (rule,) = sigma.load([tmp_path / "theirs"], pack=tmp_path / "pack")
    return rule


FOLDED: Table = {"headline": "x", "fold_by": ["actor"]}


def faults(tmp_path: Path, **changes: object) -> str:
    """What is said about one of our rules with these changes."""
    ours(tmp_path / "pack", **changes)
    with pytest.raises(BadInput) as fault:
        sigma.load(pack=tmp_path / "pack")
    return fault.value.sentence


def matches(tmp_path: Path, selection: object, event: Table, condition: str = "selection") -> bool:
    """Whether a rule with this detection matches this record."""
    detection = {"selection": selection, "condition": condition}
    return loaded(tmp_path, detection=detection).matches(event)


NESTED: Table = {
    "eventName": "UpdateUser",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/eve"},
    "sourceIPAddress": "203.0.113.10",
    "requestParameters": {
        "SecurityProfileIds": ["agent-1", "ADMIN-9"],
        "MaxContacts": 5,
        "Enabled": False,
        "Path": "C:\\temp\\*",
        "Empty": "",
        "Owner": "arn:aws:iam::1:user/eve",
    },
    "responseElements": None,
    "readOnly": False,
}
REQUEST = "requestParameters"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"eventName": "updateuser"}, True),
        ({"eventName": "Update"}, False),
        ({"eventName": "update*"}, True),
        ({"eventName": "update????"}, True),
        ({"eventName": "update?????"}, False),
        ({"eventName": ["DeleteUser", "UpdateUser"]}, True),
        ({"eventName|cased": "updateuser"}, False),
        ({"eventName|cased": "Update*"}, True),
        ({"eventName|contains": "dateu"}, True),
        ({"eventName|startswith": "date"}, False),
        ({"eventName|endswith": "USER"}, True),
        ({"eventName|contains|all": ["up", "user"]}, True),
        ({"eventName|contains|all": ["up", "group"]}, False),
        ({"eventName|re": "^Update.*r$"}, True),
        ({"eventName|re": "^update"}, False),
        ({"eventName|re|i": "^update"}, True),
        ({"eventName|re": "pdat"}, True),
        ({"sourceIPAddress|cidr": "203.0.113.0/24"}, True),
        ({"sourceIPAddress|cidr": "192.0.2.0/24"}, False),
        ({"eventName|neq": "DeleteUser"}, True),
        ({"eventName|neq": "Update*"}, False),
        ({"eventName|neq": ["A", "UpdateUser"]}, False),
        ({"errorCode|neq": "AccessDenied"}, True),
        ({"errorCode": None}, True),
        ({"responseElements": None}, True),
        ({"eventName": None}, False),
        ({"errorCode|exists": False}, True),
        ({"eventName|exists": True}, True),
        ({"responseElements|exists": True}, False),
        ({f"{REQUEST}.Empty": ""}, True),
        ({f"{REQUEST}.Missing": ""}, False),
        ({f"{REQUEST}.SecurityProfileIds": "admin-*"}, True),
        ({f"{REQUEST}.SecurityProfileIds": "admin-1"}, False),
        ({f"{REQUEST}.SecurityProfileIds|all": ["agent-1", "admin-9"]}, True),
        ({f"{REQUEST}.SecurityProfileIds|neq": "admin-9"}, False),
        ({f"{REQUEST}.MaxContacts": 5}, True),
        ({f"{REQUEST}.MaxContacts": "5"}, True),
        ({f"{REQUEST}.MaxContacts|gt": 4}, True),
        ({f"{REQUEST}.MaxContacts|lte": 4}, False),
        ({f"{REQUEST}.Enabled": False}, True),
        ({f"{REQUEST}.Enabled": "false"}, True),
        ({f"{REQUEST}.Enabled": 0}, False),
        ({"readOnly": True}, False),
        ({f"{REQUEST}.Path": "C:\\temp\\\\\\*"}, True),
        ({f"{REQUEST}.Path": "C:\\other\\\\*"}, False),
        ({"userIdentity.type": "IAMUser", "eventName": "DeleteUser"}, False),
        ([{"userIdentity.type": "Root"}, {"eventName": "UpdateUser"}], True),
        ({f"{REQUEST}.Owner|fieldref": "userIdentity.arn"}, True),
        ({f"{REQUEST}.Owner|fieldref": "eventName"}, False),
        ({f"{REQUEST}.Owner|fieldref|endswith": "userIdentity.arn"}, True),
        (["admin-9"], True),
        (["admin-?"], True),
        (["dmin-"], True),
        (["securityprofileids"], True),
        (["nothing like it"], False),
        ({"|all": ["admin-9", "agent-1"]}, True),
        ({"|all": ["admin-9", "agent-2"]}, False),
    ],
)
def test_conditions_mean_what_sigma_says(tmp_path: Path, selection: object, expected: bool) -> None:
    """Case does not count unless asked; lists are any of; missing fields are null."""
    assert expected is matches(tmp_path, selection, NESTED)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("selection_a and selection_b", False),
        ("selection_a or selection_b", True),
        ("selection_a and not selection_b", True),
        ("not (selection_a or selection_b)", False),
        ("1 of selection_*", True),
        ("all of selection_*", False),
        ("all of them", False),
        ("1 of them", True),
        ("not 1 of selection_b*", True),
        (["selection_b", "selection_a"], True),
    ],
)
def test_conditions_combine(tmp_path: Path, condition: object, expected: bool) -> None:
    """And, or, not, and the quantifiers."""
    detection = {
        "selection_a": {"eventName": "UpdateUser"},
        "selection_b": {"eventName": "DeleteUser"},
        "condition": condition,
    }

    assert expected is loaded(tmp_path, detection=detection).matches(NESTED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"detection": {"a": {"x|base64": "y"}, "condition": "a"}}, "the modifier base64 of x"),
        ({"detection": {"a": {"x|hour": 5}, "condition": "a"}}, "the modifier hour of x"),
        ({"detection": {"a": {"x|foo": "y"}, "condition": "a"}}, "Unknown modifier 'foo'"),
        ({"detection": {"a": {"x": []}, "condition": "a"}}, "x has an empty list"),
        ({"detection": {"a": {"x": {"y": 1}}, "condition": "a"}}, "Unsupported type"),
        ({"detection": {"a": {"x": 1}, "condition": "a | count() > 5"}}, "pipe syntax"),
        ({"detection": {"a": {"x": 1}, "condition": "2 of them"}}, "Expected end of text"),
        ({"detection": {"a": {"x": 1}, "condition": "b"}}, "'b' not defined"),
        ({"detection": {"a": {"x": 1}, "condition": 5}}, "condition"),
        ({"detection": {"a": {"x": 1}, "timeframe": "5m", "condition": "a"}}, "timeframe"),
        ({"detection": {"a": {"x|re": "("}, "condition": "a"}}, "Regular expression"),
        ({"detection": {"a": {"x|cidr": "nowhere"}, "condition": "a"}}, "CIDR"),
        ({"detection": 5}, "detection"),
        ({"logsource": {"product": "windows"}}, "its logsource is windows/None"),
        ({"logsource": {"product": "aws", "service": "guardduty"}}, "aws/guardduty"),
        ({"level": "dreadful"}, "'dreadful' is not a valid Sigma rule level"),
        ({"id": "five"}, "must be an UUID"),
        ({"id": 5}, "pySigma cannot read it"),
        ({"correlation": {"type": "event_count"}}, "correlation rule without timespan"),
        ({"name": "other"}, "its name must be that of its file, mine"),
        ({"name": None}, "its name must be that of its file, mine"),
        ({"id": None}, "it has no id"),
        ({"description": None}, "it has no description"),
        ({"tags": None}, "it has no tags"),
        ({"tests": None}, "it needs a test that matches and one that nearly does"),
        ({"tests": [{"name": "x", "match": True, "record": {}}]}, "one that nearly does"),
        ({"tests": [{"name": "x", "match": "yes", "record": {}}]}, "Expected 'bool'"),
        ({"tests": [{"name": "x", "matches": True, "record": {}}]}, "matches"),
        ({"callwarden": None}, "callwarden: must be a table"),
        ({"callwarden": {"headline": "x", "fold_by": ["actor"], "fold": 1}}, "fold is not known"),
        (
            {"callwarden": {"headline": "x", "fold_by": ["someone_else"]}},
            "someone_else is no field",
        ),
        ({"callwarden": {"headline": "x", "fold_by": []}}, "it is empty"),
        (
            {"callwarden": {"headline": "{someone_else}", "fold_by": ["actor"]}},
            "{someone_else} is no field",
        ),
        ({"callwarden": {"headline": "{actor", "fold_by": ["actor"]}}, "callwarden.headline"),
        ({"callwarden": {"fold_by": ["actor"]}}, "headline"),
        ({"Callwardn": {}}, "Callwardn is not known; did you mean callwarden?"),
        ({"lvel": "high"}, "lvel is not known; did you mean level?"),
        (
            {"detection": {"s": {"sourceIpAddress": "x"}, "condition": "s"}},
            "the field sourceIpAddress is spelt sourceIPAddress by CloudTrail",
        ),
        (
            {"detection": {"s": {"callwarden.policy.stranger|exists": True}, "condition": "s"}},
            "there is no field callwarden.policy.stranger; there are callwarden.policy.strangers,",
        ),
        (
            {"detection": {"s": {"eventName|fieldref": "callwarden.x"}, "condition": "s"}},
            "there is no field callwarden.x",
        ),
        (
            {"callwarden": {"headline": "x", "fold_by": ["actor"], "fold_minutes": 0}},
            "from 1 to 1440",
        ),
        (
            {"callwarden": {**FOLDED, "stands_for": ["feed_silnt"]}},
            "there is no rule 'feed_silnt'; did you mean feed_silent?",
        ),
        ({"callwarden": {**FOLDED, "stands_for": ["mine"]}}, "it cannot stand for itself"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, changes: Table, said: str) -> None:
    """Each fault is named with the file it stands in, and stops the load."""
    sentence = faults(tmp_path, **changes)

    assert said in sentence
    assert "mine.yml" in sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "it cannot be read"),
        ("title: a\ntitle: b", "Duplicate key 'title'"),
        ("- a list", "it holds no rule"),
        ("", "it holds no rule"),
        ("\xff\xfe", "it"),
        ("title: !!python/object/apply:os.system [x]", "it cannot be read"),
        ("a: &a [x]\nb: &b [*a,*a]\n", "title"),
    ],
)
def test_files_that_are_no_rules_are_said(tmp_path: Path, text: str, said: str) -> None:
    """A broken file stops the start with its reason; it is not a rule that never runs."""
    (tmp_path / "broken.yml").write_text(text, "latin-1")

    with pytest.raises(BadInput, match=r"broken\.yml") as fault:
        sigma.load(pack=tmp_path)
    assert said in fault.value.sentence


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """Three wrong files are three lines, and a right one does not hide them."""
    pack = tmp_path / "pack"
    ours(pack, "good")
    ours(pack, "one", level="dreadful")
    ours(pack, "two", description=None, tags=None)
    (pack / "three.yml").write_text("[")
    with pytest.raises(BadInput, match=r"5 thing\(s\)") as fault:
        sigma.load([tmp_path / "nowhere"], pack=pack)

    sentence = fault.value.sentence
    said = ("dreadful", "no description", "no tags", "three.yml", "there is no such folder")
    assert all(word in sentence for word in said)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    """A folder that is not there is no empty folder."""
    with pytest.raises(BadInput, match="there is no such folder"):
        sigma.load([tmp_path / "nowhere"])


def test_names_and_ids_are_taken_once(tmp_path: Path) -> None:
    """A second rule with a name or an id of the first is a fault that names both files."""
    pack, theirs = tmp_path / "pack", tmp_path / "theirs"
    ours(pack, "mine")
    written(theirs, "other", name="mine", id=str(uuid5(NAMESPACE_DNS, "mine")))

    with pytest.raises(BadInput) as fault:
        sigma.load([theirs], pack=pack)
    assert "name mine is taken by" in fault.value.sentence
    assert f"id {uuid5(NAMESPACE_DNS, 'mine')} is taken by" in fault.value.sentence


def test_two_rules_of_one_file_are_told_apart(tmp_path: Path) -> None:
    """Without names both would take the file's, and one finding would hide the other's."""
    one, two = (written(tmp_path / stem, stem).read_text() for stem in ("one", "two"))
    theirs, pack = tmp_path / "theirs", tmp_path / "pack"
    theirs.mkdir()
    pack.mkdir()
    both = theirs / "both.yml"

    both.write_text(f"{one}---\n{two}")
    with pytest.raises(BadInput, match="two of its rules have the name both"):
        sigma.load([theirs], pack=pack)
    both.write_text(f"name: one\n{one}---\nname: two\n{two}")
    assert [rule.name for rule in sigma.load([theirs], pack=pack)] == ["one", "two"]


def test_keys_and_fields_of_others_are_theirs(tmp_path: Path) -> None:
    """Only what is nearly one of ours, or of CloudTrail's, is taken for a slip."""
    detection = {"s": {"eventName": "x", "newField.eventname": "y"}, "condition": "s"}

    assert loaded(tmp_path, ticket="SEC-1", detection=detection).name == "mine"


def test_rules_by_others_need_nothing_of_ours(tmp_path: Path) -> None:
    """Without our keys they fold by actor and account, with their title as headline."""
    rule = loaded(tmp_path, title="Odd {thing}", status="experimental")

    assert (rule.name, rule.fold_by, rule.shadow) == ("mine", ("actor", "account"), False)
    assert rule.headline.format() == "Odd {thing}"
    assert Level.HIGH is rule.level


def test_experimental_means_shadow_only_in_our_pack(tmp_path: Path) -> None:
    """Others use Sigma's word as Sigma does."""
    ours(tmp_path / "pack", status="experimental")

    assert [rule.shadow for rule in sigma.load(pack=tmp_path / "pack")] == [True]


def test_our_name_for_broken_rules_is_kept(tmp_path: Path) -> None:
    """No file may take the name under which broken rules are told of."""
    with pytest.raises(BadInput, match="rule_broken is ours"):
        loaded(tmp_path, name="rule_broken")


def test_a_rule_says_what_it_stands_for(tmp_path: Path) -> None:
    """One of a file, or ours about ourselves; a disabled rule stands for nothing any more."""
    ours(tmp_path, "one", callwarden={**FOLDED, "stands_for": ["two", "feed_silent"]})
    ours(tmp_path, "two")

    assert sigma.load(pack=tmp_path).relations() == {"one": ("two", "feed_silent")}
    assert sigma.load(pack=tmp_path, disabled=["one"]).relations() == {}
    assert sigma.load(pack=tmp_path, disabled=["two"]).relations()


def test_disabled_rules_are_left_out(tmp_path: Path) -> None:
    """A disabled rule is gone; disabling one that is not there is a fault with a guess."""
    ours(tmp_path, "one")
    ours(tmp_path, "two")

    assert [rule.name for rule in sigma.load(pack=tmp_path, disabled=["one"])] == ["two"]
    with pytest.raises(BadInput) as fault:
        sigma.load(pack=tmp_path, disabled=["three", "tow"])
    assert [line.strip() for line in fault.value.sentence.splitlines()[1:]] == [
        "rules.disabled: there is no rule called 'three'; drop it, or name one that there is.",
        "rules.disabled: there is no rule called 'tow'; did you mean two?",
    ]


def test_a_wrong_name_is_answered_with_a_near_one(tmp_path: Path) -> None:
    """Asking for a rule that is not there names the nearest."""
    ours(tmp_path, "instance_deleted")
    rules: RuleSet = sigma.load(pack=tmp_path)

    assert rules.named("instance_deleted").name == "instance_deleted"
    with pytest.raises(BadInput, match="Did you mean instance_deleted"):
        rules.named("instance_delete")
