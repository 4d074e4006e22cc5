"""Events: one file is one event type."""
