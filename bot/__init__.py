"""Callwarden: a Slack bot for the security team of an Amazon Connect contact centre."""

__version__ = "0.1.0"
