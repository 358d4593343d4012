"""How fast it is, measured: `python -m tests.bench`, or `make bench`. See docs/speed.md."""
