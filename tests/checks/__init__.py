"""Checks of the tree itself, for what the usual tools do not look at. Run by `make check`."""
