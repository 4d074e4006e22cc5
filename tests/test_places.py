"""What the settings name, in the words of the core."""

from __future__ import annotations

import pytest

from bot.health import Patience
from bot.model import Level
from bot.places import called_in, channel_of, channels_of, patience_of
from bot.settings import InstanceSettings, RouteSettings, Settings, SourceSettings
from bot.settings.tables import EscalateSettings, SlackSettings
from tests.builders import INSTANCE, make_finding, make_record


@pytest.mark.parametrize("named", ["prod", INSTANCE])
def test_a_route_by_an_instances_name_or_id_leads_to_its_channel(named: str) -> None:
    """Also where the instance has a channel of its own, which takes what is left."""
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        instance=(InstanceSettings(id=INSTANCE, name="prod", channel="C0PROD"),),
        route=(RouteSettings(channel="C0FIRST", instance=named, level=Level.CRITICAL),),
    )
    where = channel_of(settings)

    assert where(make_finding()) == "C0FIRST"
    assert where(make_finding(level=Level.HIGH)) == "C0PROD"
    assert where(make_finding(make_record(instance=""))) == "C0MAIN"


def test_every_channel_of_the_settings_is_looked_at_once() -> None:
    """By the first place that names it."""
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        instance=(
            InstanceSettings(id=INSTANCE, name="prod", channel="C0PROD"),
            InstanceSettings(id=INSTANCE, name="spare"),
        ),
        route=(
            RouteSettings(channel="C0MAIN", level=Level.HIGH),
            RouteSettings(channel="C0FIRST", level=Level.CRITICAL),
        ),
    )

    assert channels_of(settings) == {
        "C0MAIN": "[slack] channel",
        "C0PROD": "[[instance]] 1, channel",
        "C0FIRST": "[[route]] 2, channel",
    }


def test_those_whom_steps_call_are_looked_at_once() -> None:
    """Channels with the other channels; a page is nobody in Slack."""
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        escalate=(
            EscalateSettings(after_minutes=5, to=("group:S0SOC", "channel:C0LEADS", "page")),
            EscalateSettings(after_minutes=9, to=("group:S0SOC", "user:U0LEAD", "channel:C0MAIN")),
        ),
    )

    assert channels_of(settings) == {
        "C0MAIN": "[slack] channel",
        "C0LEADS": "[[escalate]] 1, to",
    }
    assert called_in(settings) == {"S0SOC": "[[escalate]] 1, to", "U0LEAD": "[[escalate]] 2, to"}


def test_a_sources_patience_goes_by_what_it_is_called() -> None:
    """Its name, or its queue's; as long as is learned, unless the settings say how long."""
    queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail"
    settings = Settings(
        slack=SlackSettings(channel="C0MAIN"),
        people={},
        source=(
            SourceSettings(queue_url=queue),
            SourceSettings(queue_url=queue, name="main", quiet_minutes=300, late_minutes=5),
        ),
    )

    assert patience_of(settings) == {"trail": Patience(), "main": Patience(quiet=300, late=5)}
