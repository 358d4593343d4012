"""Scenarios played through the emulated hardware, the real broker and the real server."""
