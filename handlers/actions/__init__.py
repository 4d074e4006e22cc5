"""Buttons: one file is one action id."""
