"""Benchmarks: `elicence bench NAME`. Figures are work per second and ratios taken in one run, never asserted in tests."""
