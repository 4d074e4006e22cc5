"""Tests of Slack on loopback."""
