"""Alerts and their tickets: intake, decisions, exactly-once writes, and both ways of closing."""
