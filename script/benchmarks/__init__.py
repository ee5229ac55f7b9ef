"""Benchmarks: how fast, and at what cost to the vendors' budgets. Run with `script/bench`."""
