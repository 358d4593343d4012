"""What went over the wire between our drivers and a reader: taken down, made anonymous, replayed.

Each `*.jsonl` file here is one such trace, and `tests/integration/test_traces.py` replays them all.
"""
