"""Slack on loopback: a workspace with people, channels and a page, for demo, tests and benches."""

from __future__ import annotations

from bot.demo.slack.faults import Fault
from bot.demo.slack.interaction import Interaction
from bot.demo.slack.limits import Limits
from bot.demo.slack.people import DemoPerson
from bot.demo.slack.server import SlackServer
from bot.demo.slack.web import Call
from bot.demo.slack.workspace import Times

__all__ = ["Call", "DemoPerson", "Fault", "Interaction", "Limits", "SlackServer", "Times"]
