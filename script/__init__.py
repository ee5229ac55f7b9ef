"""Scripts, and the benchmarks they run."""
