"""Which rules apply to an alert, and in which order. Pure."""
