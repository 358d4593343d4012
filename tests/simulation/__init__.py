"""Deterministic simulation: real programs and real SQLite files in a simulated world.

`python -m tests.simulation SEED` plays one history and tells its story.
"""
