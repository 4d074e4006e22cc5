"""A workspace and an account on loopback, and what happens in them, for the demo and tests."""
