"""Societies, their chapters, the homes, and who visits where."""
