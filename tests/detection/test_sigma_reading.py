"""What is called like a file of rules and is none is refused by name, and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.detection.sigma import load
from bot.detection.sigma.reading import MOST
from bot.errors import BadInput

RULE = """\
title: Users listed
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: ListUsers}
  condition: selection
"""


def refused(folder: Path) -> dict[str, str]:
    """File → why it is left out where loading is patient."""
    return {Path(one.file).name: one.reason for one in load([folder], patient=True).refused}


def test_what_is_no_plain_file_is_left_out(tmp_path: Path) -> None:
    """A pipe that nobody writes into, a device that never ends, a folder, a link to nothing; and
    what lies beside them is read."""
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "device.yml").symlink_to("/dev/zero")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "nothing.yaml").symlink_to(tmp_path / "gone")
    (tmp_path / "good.yml").write_text(RULE)
    (tmp_path / "folder.yml" / "inside.yml").write_text(RULE)

    assert refused(tmp_path) == {
        "pipe.yml": "it is a pipe, a device or a socket, not a file",
        "device.yml": "it is a pipe, a device or a socket, not a file",
        "folder.yml": "it is a folder, not a file",
        "nothing.yaml": "it cannot be read: no such file or directory",
    }
    assert {"good", "inside"} <= {rule.name for rule in load([tmp_path], patient=True)}
    with pytest.raises(BadInput, match=r"pipe\.yml: it is a pipe"):
        load([tmp_path])


def test_a_file_of_a_log_is_no_file_of_rules(tmp_path: Path) -> None:
    """What is too large is not read whole; what just fits is."""
    (tmp_path / "large.yml").write_text(RULE + "#" * (MOST - len(RULE) + 1))
    (tmp_path / "fits.yml").write_text(RULE + "#" * (MOST - len(RULE)))

    assert refused(tmp_path) == {"large.yml": "it is larger than 1 MiB; no file of rules is"}


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    """With the place."""
    (tmp_path / "odd.yml").write_bytes(b"title: \xff\n")

    assert refused(tmp_path) == {"odd.yml": "it cannot be read: it is no UTF-8 at byte 7"}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("([", "Regular expression '([' is invalid: missing ]: ["),
        (
            "(?=a)b",
            "Regular expression '(?=a)b' is invalid: invalid perl operator: (?=",
        ),
    ],
)
def test_a_bad_regular_expression_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pattern: str, said: str
) -> None:
    """Nothing of it is logged beside that."""
    text = RULE.replace("eventName: ListUsers", f"eventName|re: '{pattern}'")
    (tmp_path / "bad.yml").write_text(text)

    assert refused(tmp_path) == {"bad.yml": said}
    assert capfd.readouterr() == ("", "")


def test_flags_of_a_regular_expression_count(tmp_path: Path) -> None:
    """They are held to RE2 as well."""
    (tmp_path / "good.yml").write_text(RULE.replace("eventName:", "eventName|re|i|m|s:"))

    assert refused(tmp_path) == {}


def test_a_regular_expression_takes_no_longer_than_its_text(tmp_path: Path) -> None:
    """Whoever makes a call chooses its text: a pattern that would take other engines hours does
    not; near miss: what it is there for matches."""
    text = RULE.replace("eventName: ListUsers", "userAgent|re: '(a+)+$'")
    (tmp_path / "slow.yml").write_text(text)
    rule = next(rule for rule in load([tmp_path]).rules if rule.name == "slow")

    assert not rule.matches({"userAgent": "a" * 60 + "!"})
    assert rule.matches({"userAgent": "\ud800 aaa"})
