"""The suites of `tools/evaluate.py`, one module each, and what they share in `common`."""
