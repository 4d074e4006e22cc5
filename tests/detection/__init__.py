"""Tests of bot.detection."""
