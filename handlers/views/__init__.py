"""Modals that people submit: one file is one callback id."""
