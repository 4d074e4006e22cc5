"""**Details**: the allowed fields, why, what to do, who decided what, the last records."""

from __future__ import annotations

import functools

import msgspec
from slack_bolt import Ack

from bot import alerts
from bot.model import Allowed, Record, Tie, Timeline, Verb
from bot.ports import Bot
from bot.slack.modals import DetailsModal
from bot.slack.text import written
from handlers import guard, said

ID = "alert_details"
VERB: Verb | None = Verb.LOOK


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Open the modal, with the raw record's button for those who may have it; its picture comes
    after the ack."""
    reader = said.person(body)
    found = alerts.details(bot, said.alert_id(body), reader)
    allowed = bot.people.get(Verb.RAW, Allowed())
    member = bot.directory.known(reader.user, reader.team, allowed.groups_for(reader.user))
    raw = guard.may(Verb.RAW, member, allowed, bot.team)
    build = functools.partial(
        DetailsModal.build,
        found.alert,
        found.records,
        found.decisions,
        bot.instances,
        may_raw=raw.allowed,
        around=found.around,
        related=found.related,
        times=found.times,
    )
    opened = bot.dialogs.open(said.trigger(body), build())
    ack()
    # Where nothing else happened, a picture would show nothing that the words do not.
    if any(one.times > 1 for one in found.around):
        # Only somebody known got this far, but perhaps not by the groups that RAW asks for.
        person = member or bot.directory.known(reader.user, reader.team)
        zone = person.zone if person else ""
        chart = functools.partial(_chart, bot, found.alert.id, found.records[0], zone)
        bot.pictures.show(opened, chart, lambda file: build(picture=file))


def _chart(bot: Bot, alert: str, record: Record, zone: str) -> Timeline:
    """What the picture shows, with names as people know them and no caller's number."""
    made = alerts.timeline(bot, alert, record, zone)
    # Many a target is an instance, and people know that by another name.
    target = bot.instances.get(record.target, record.target)
    names = {Tie.ACTOR: record.actor.name or record.actor.principal, Tie.TARGET: target}
    tracks = [
        msgspec.structs.replace(one, name=written(names.get(one.tie, one.name)))
        for one in made.tracks
    ]
    return msgspec.structs.replace(made, tracks=tuple(tracks))
