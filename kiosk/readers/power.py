"""Switching a reader's power: the last rung of the ladder."""
