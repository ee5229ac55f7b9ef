"""Use cases: one function each. They take clients as arguments and never import tasks."""
