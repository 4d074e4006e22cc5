"""Slash commands: one file is one command."""
