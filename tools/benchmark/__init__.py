"""What `tools/bench.py` measures: each stage beside a peer in the same run, the whole turn, and the process."""
