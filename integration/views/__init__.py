"""Pages of the project itself, and the doors for probes."""
