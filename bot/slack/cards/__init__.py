"""What Slack shows: pure functions from values to messages. Nothing is read back from a message."""

from bot.slack.cards.alert import (
    alert_card,
    alert_list,
    call_note,
    decision_note,
    news_note,
    untaken_note,
)
from bot.slack.cards.answers import help_text, note_text, private_text, raw_message, status
from bot.slack.cards.exemption import exemption_list, exemption_note
from bot.slack.cards.rules import (
    RULES_AT_ONCE,
    coverage_text,
    rule_card,
    rule_list,
    shadow_list,
)
from bot.slack.cards.snooze import snooze_list, snooze_note
from bot.slack.cards.storm import storm_card, storm_note
from bot.slack.lint import Message

__all__ = [
    "RULES_AT_ONCE",
    "Message",
    "alert_card",
    "alert_list",
    "call_note",
    "coverage_text",
    "decision_note",
    "exemption_list",
    "exemption_note",
    "help_text",
    "news_note",
    "note_text",
    "private_text",
    "raw_message",
    "rule_card",
    "rule_list",
    "shadow_list",
    "snooze_list",
    "snooze_note",
    "status",
    "storm_card",
    "storm_note",
    "untaken_note",
]
