"""`callwarden settings check`: fine, or everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.settings import settings
from bot.errors import BadInput

GOOD = """
[slack]
channel = "C0ALERTS"
[people.take]
groups = ["S0ANALYSTS"]
[people.resolve]
users = ["U0ANA"]
"""

Check = Callable[[str], Result]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """What `settings check --no-slack` says of a file with this text; its faults are raised."""

    def write_and_check(text: str) -> Result:
        file = tmp_path / "callwarden.toml"
        file.write_text(text, encoding="utf-8")
        arguments = ["check", "--no-slack", "-c", str(file)]
        return CliRunner().invoke(settings, arguments, catch_exceptions=False)

    return write_and_check


def faults_of(check: Check, text: str) -> list[str]:
    """Everything that is said to be wrong with *text*, a line each."""
    with pytest.raises(BadInput) as caught:
        check(text)
    return [line.strip() for line in caught.value.sentence.splitlines() if line.startswith("  ")]


def test_good_settings_are_fine(check: Check) -> None:
    """It says so, and what they come to."""
    told = check(GOOD + '[rules]\ndisabled = ["connect_instance_deleted"]\n')

    assert "is fine." in told.stdout
    assert "alerts go to C0ALERTS" in told.stdout
    assert "nobody may raw" in told.stdout


def test_what_is_wrong_with_the_rules_is_said_beside_the_settings(
    check: Check, tmp_path: Path
) -> None:
    """Whoever mends the file mends it once, also where [rules] itself has a fault."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "odd.yml").write_text("title: [", encoding="utf-8")

    faults = faults_of(
        check,
        GOOD.replace("C0ALERTS", "#alerts")
        + """
        [rules]
        folders = ["mine", "not-there"]
        disabled = ["nope", "cloudtrail_blind"]
        fold_minutes = 0
        [rules.override.nix]
        level = "high"
        [rules.override.connect_mass_delte]
        level = "dreadful"
        [rules.override.connect_mass_delete]
        level = "low"
        """,
    )

    starts = [
        "slack.channel: This does not have the right form. Use the channel's ID",
        "rules.fold_minutes: Expected",
        "rules.override.connect_mass_delte.level: ",
        "rules.folders: 'not-there' is no folder",
        f"{tmp_path}/mine/odd.yml: it cannot be read",
        "rules.disabled: there is no rule called 'nope'; drop it",
        "rules.disabled: there is no rule called 'cloudtrail_blind'; did you mean",
        "rules.override.nix: there is no rule of that name; drop it",
        "rules.override.connect_mass_delte: there is no rule of that name; did you mean",
    ]
    assert [fault[: len(start)] for fault, start in zip(faults, starts, strict=True)] == starts


def test_wrong_rules_are_said_where_the_settings_are_fine(check: Check) -> None:
    """They are checked in any case."""
    wrong = (
        '[rules]\ndisabled = ["nope"]\n[rules.override.connect_instance_delete]\nlevel = "low"\n'
    )
    assert faults_of(check, GOOD + wrong) == [
        "rules.disabled: there is no rule called 'nope'; drop it, or name one that there is.",
        "rules.override.connect_instance_delete: there is no rule of that name; did you mean "
        "connect_instance_deleted?",
    ]


def test_a_file_that_cannot_be_read_has_only_that_fault(check: Check) -> None:
    """Nothing is said about rules that nobody could read of."""
    (fault,) = faults_of(check, "[slack\n")

    assert fault.startswith("file: It cannot be read")
