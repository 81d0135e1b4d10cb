"""What the benchmarks share: a store of their own, interleaved timing, JSON lines and tables."""
