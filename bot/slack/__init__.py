"""Slack: what is drawn (pure), what Slack takes (lint), and how it gets there (client, outbox)."""
