"""A filter by what a client writes of itself is a way around a rule, and only such a filter."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.detection.sigma.validate import validated

RULE = """\
title: Something
name: something
id: 5013db57-0a39-4e4b-a3b6-5a2f6c1b7d10
status: test
logsource: {{product: aws, service: cloudtrail}}
detection:
  sel: {{eventName: DeleteTrail}}
  tool: {{'userAgent|contains': HashiCorp/}}
  tool_of_role: {{'userAgent|contains': HashiCorp/, userIdentity.type: AssumedRole}}
  either_tool: [{{'userAgent|contains': HashiCorp/}}, {{'userAgent|startswith': Pulumi}}]
  other: {{'userIdentity.invokedBy|endswith': amazonaws.com}}
  role: {{userIdentity.type: AssumedRole}}
  condition: {condition}
"""


def ways_around(folder: Path, condition: str) -> list[str]:
    """What is said of a rule with this condition about ways around it."""
    (folder / "one.yml").write_text(RULE.format(condition=condition))
    faults = validated([folder / "one.yml"])
    return [one.what for one in faults if "way around" in one.what and one.where == "something"]


@pytest.mark.parametrize(
    "condition",
    [
        "sel and not tool",
        "sel and not either_tool",
        "sel and not (tool or other)",
        "sel and not 1 of tool*",
        "sel and not other and not (role and not other or tool)",
        "not (tool and either_tool) and sel",
        "(sel and not tool) or (sel and role)",
    ],
)
def test_a_way_around_is_named(tmp_path: Path, condition: str) -> None:
    """Whatever it stands beside."""
    assert ways_around(tmp_path, condition) == [
        "its filter by userAgent alone is a way around it: a client writes that itself"
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "sel and tool",
        "sel and not other",
        "sel and not tool_of_role",
        "sel and not (tool and role)",
        "sel and not (role and not tool)",
        "sel or tool",
    ],
)
def test_what_needs_more_than_words_is_no_way_around(tmp_path: Path, condition: str) -> None:
    """Who the caller is stays CloudTrail's word; and to look for a client is no filter."""
    assert ways_around(tmp_path, condition) == []
