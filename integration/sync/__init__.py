"""The sync engine: kinds, runs, history and progress."""
