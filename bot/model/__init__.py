"""The vocabulary: record → finding → alert → decision, and the values around them.

Everything here is a frozen value. A change returns a new value (`msgspec.structs.replace`).
Times are UTC; where they are strings they are ISO-8601 with milliseconds and `Z`, so that they
sort as text.
"""

from bot.model.alerts import Alert, AlertState, Finding, Mark, Release, Seen, Verdict, finding_id
from bot.model.around import Around, Calls, Dot, Neighbour, Related, Tie, Timeline, Track
from bot.model.chains import ChainMark
from bot.model.decisions import Ask, Chain, Decision, Entry, Link, Verb
from bot.model.exemptions import (
    Aspect,
    Backtest,
    Choice,
    Clause,
    Exemption,
    ExemptionState,
    Offer,
    Past,
)
from bot.model.health import (
    FEED_RULES,
    OWN_SOURCE,
    Backlog,
    Checkup,
    Condition,
    Diagnosis,
    Heard,
    Latency,
    Trouble,
)
from bot.model.ids import (
    NAMESPACE,
    read_alert_id,
    read_exemption_id,
    read_snooze_id,
    read_storm_id,
    spoken_id,
)
from bot.model.moments import counted, iso, lasting, milliseconds, moment
from bot.model.news import REMEMBERED, foremost, news_due
from bot.model.pages import PAGING, SLACK, Page, PageKind, PageState, page_id
from bot.model.people import Allowed, Member, Person
from bot.model.records import Actor, Level, Record, Unreadable
from bot.model.rules import Covered, LeftOut, Override, RuleFacts, Shadowed
from bot.model.scope import Scope
from bot.model.sends import (
    REPLACED,
    Edits,
    Lane,
    Send,
    SendKind,
    SendState,
    first_card,
    privately,
    send_id,
)
from bot.model.signs import cut
from bot.model.snoozes import ALONE_MOST, Snooze, SnoozeState, snooze_key
from bot.model.storms import Storm, Tally

__all__ = [
    "ALONE_MOST",
    "FEED_RULES",
    "NAMESPACE",
    "OWN_SOURCE",
    "PAGING",
    "REMEMBERED",
    "REPLACED",
    "SLACK",
    "Actor",
    "Alert",
    "AlertState",
    "Allowed",
    "Around",
    "Ask",
    "Aspect",
    "Backlog",
    "Backtest",
    "Calls",
    "Chain",
    "ChainMark",
    "Checkup",
    "Choice",
    "Clause",
    "Condition",
    "Covered",
    "Decision",
    "Diagnosis",
    "Dot",
    "Edits",
    "Entry",
    "Exemption",
    "ExemptionState",
    "Finding",
    "Heard",
    "Lane",
    "Latency",
    "LeftOut",
    "Level",
    "Link",
    "Mark",
    "Member",
    "Neighbour",
    "Offer",
    "Override",
    "Page",
    "PageKind",
    "PageState",
    "Past",
    "Person",
    "Record",
    "Related",
    "Release",
    "RuleFacts",
    "Scope",
    "Seen",
    "Send",
    "SendKind",
    "SendState",
    "Shadowed",
    "Snooze",
    "SnoozeState",
    "Storm",
    "Tally",
    "Tie",
    "Timeline",
    "Track",
    "Trouble",
    "Unreadable",
    "Verb",
    "Verdict",
    "counted",
    "cut",
    "finding_id",
    "first_card",
    "foremost",
    "iso",
    "lasting",
    "milliseconds",
    "moment",
    "news_due",
    "page_id",
    "privately",
    "read_alert_id",
    "read_exemption_id",
    "read_snooze_id",
    "read_storm_id",
    "send_id",
    "snooze_key",
    "spoken_id",
]
