"""Tests of bot.rules."""
