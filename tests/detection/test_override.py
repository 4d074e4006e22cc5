"""Users' rules: what settings change, and what is left out without stopping the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.detection.sigma import load
from bot.errors import BadInput
from bot.model import Level, Override

GOOD = """\
title: Users listed
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: ListUsers}, condition: selection}
status: experimental
level: low
"""
WINDOWS = GOOD.replace("product: aws, service: cloudtrail", "product: windows")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder: one rule that works and two files that do not."""
    (tmp_path / "good.yml").write_text(GOOD)
    (tmp_path / "windows.yml").write_text(WINDOWS)
    (tmp_path / "broken.yml").write_text("title: [")
    return tmp_path


def test_what_cannot_be_used_is_named_and_the_rest_loads(folder: Path) -> None:
    """By its file and reason; a strict reader stops, and so does a fault of our own pack."""
    found = load([folder], patient=True)
    refused = {Path(one.file).name: one.reason for one in found.refused}

    assert found.named("good").level is Level.LOW
    assert refused.keys() == {"windows.yml", "broken.yml"}
    assert "its logsource is windows/None" in refused["windows.yml"]
    with pytest.raises(BadInput, match="windows"):
        load([folder])
    with pytest.raises(BadInput, match=r"broken\.yml"):
        load(pack=folder, patient=True)


def test_a_taken_name_is_refused(folder: Path) -> None:
    """Ours stays; theirs is named."""
    (folder / "good.yml").write_text(GOOD + "name: connect_instance_deleted\n")
    found = load([folder], patient=True)

    assert found.named("connect_instance_deleted").own
    assert any("is taken by" in one.reason for one in found.refused)


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """A misspelt folder would leave out all of it without a word."""
    with pytest.raises(BadInput, match="there is no such folder"):
        load([tmp_path / "nowhere"], patient=True)


def test_settings_change_a_rule(folder: Path) -> None:
    """Level, status and fold of one rule, ours or theirs; what is not named stays."""
    (folder / "windows.yml").unlink()
    (folder / "broken.yml").unlink()
    before = load([folder]).named("connect_instance_deleted")
    found = load(
        [folder],
        override={
            "connect_instance_deleted": Override(
                level=Level.HIGH, status="shadow", fold_by=("account",), fold_minutes=5
            ),
            "good": Override(status="experimental"),
        },
    )
    after = found.named("connect_instance_deleted")

    assert (before.shadow, after.shadow) == (False, True)
    assert (after.level, after.fold_by, after.fold_minutes) == (Level.HIGH, ("account",), 5)
    assert after.runbook == before.runbook
    assert found.named("good").shadow
    assert not load([folder]).named("good").shadow


def test_a_shadow_rule_is_promoted(tmp_path: Path) -> None:
    """`stable` in the settings outweighs `experimental` in the file."""
    ours = (
        GOOD
        + "name: good\nid: 5013db57-0a39-4e4b-a3b6-5a2f6c1b7d10\ndescription: Said.\n"
        + "tags: [attack.t1087.004]\nfalsepositives: [none]\n"
        + "callwarden: {headline: x, fold_by: [actor]}\n"
        + "tests:\n  - {name: a, match: true, like: key, with: {eventName: ListUsers}}\n"
        + "  - {name: b, match: false, like: key, with: {eventName: ListRoles}}\n"
    )
    (tmp_path / "good.yml").write_text(ours)

    assert load(pack=tmp_path).named("good").shadow
    promoted = load(pack=tmp_path, override={"good": Override(status="stable")})
    assert not promoted.named("good").shadow


@pytest.mark.parametrize(
    ("name", "override", "said"),
    [
        ("connect_instance_delete", Override(), "did you mean connect_instance_deleted?"),
        ("nothing_like_it", Override(), "drop it, or name one that there is"),
        ("cloudtrail_blinded", Override(fold_by=("accounts",)), "did you mean account?"),
        ("cloudtrail_blinded", Override(fold_by=()), "it is empty"),
        ("cloudtrail_blinded", Override(fold_minutes=0), "it must be from 1 to 1440"),
    ],
)
def test_what_there_is_not_is_refused(name: str, override: Override, said: str) -> None:
    """With the nearest name; also for a patient reader, as the settings are wrong."""
    with pytest.raises(BadInput) as fault:
        load(override={name: override}, patient=True)
    assert said in fault.value.sentence


def test_a_refused_rule_may_be_named(folder: Path) -> None:
    """Whoever disabled or changed it meant something that is only not usable now."""
    load([folder], patient=True, disabled=["windows"], override={"broken": Override()})
