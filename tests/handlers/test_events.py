"""Events: what Slack says has changed is no longer believed."""

from __future__ import annotations

import pytest

from tests.builders import ANA
from tests.handlers.stage import EVE, Stage, eventually, member, told


def test_a_changed_account_counts_at_once(stage: Stage) -> None:
    """Ana is deactivated: the next thing she says is refused, without waiting."""
    stage.directory.slack[ANA.user] = member(ANA, deleted=True)
    assert "help" in told(stage.type("help"))

    stage.happen({"type": "user_change", "user": {"id": ANA.user}})

    assert eventually(lambda: stage.directory.cached[ANA.user].deleted)
    assert told(stage.type("help")) == "Your account is deactivated."


def test_a_stranger_to_us_is_not_looked_up(stage: Stage) -> None:
    """A change of somebody whom we never asked about costs no question."""
    stage.directory.forget(EVE.user)

    response = stage.happen({"type": "user_change", "user": {"id": EVE.user}})

    assert response.status == 200
    assert EVE.user not in stage.directory.cached


@pytest.mark.parametrize("event", ["subteam_members_changed", "subteam_updated"])
def test_a_changed_group_counts_at_once(stage: Stage, event: str) -> None:
    """Ana leaves the security group: what the group was allowed she no longer is."""
    stage.directory.slack[ANA.user] = member(ANA, groups=())

    stage.happen({"type": event, "subteam": {"id": "S0SEC"}, "subteam_id": "S0SEC"})

    assert eventually(lambda: stage.directory.refreshed == 1)
    assert stage.directory.forgotten == ["S0SEC"]
    assert told(stage.type("help")).startswith("You may not look at alerts")


@pytest.mark.parametrize("event", ["subteam_members_changed", "subteam_updated"])
def test_a_group_that_lets_nobody_in_is_not_asked_about(stage: Stage, event: str) -> None:
    """A large workspace changes its groups all day; those of others cost no question."""
    stage.happen({"type": event, "subteam": {"id": "S0OTHER"}, "subteam_id": "S0OTHER"})

    stage.happen({"type": event, "subteam": {"id": "S0SEC"}, "subteam_id": "S0SEC"})

    assert eventually(lambda: stage.directory.refreshed > 0)
    assert stage.directory.refreshed == 1


def test_slack_being_down_is_no_crash(stage: Stage) -> None:
    """Where Slack does not answer, the person stays forgotten: unknown, so refused."""
    stage.directory.down = True

    response = stage.happen({"type": "user_change", "user": {"id": ANA.user}})

    assert response.status == 200
    assert eventually(lambda: ANA.user not in stage.directory.cached)
