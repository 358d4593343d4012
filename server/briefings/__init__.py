"""The homes' HMS briefings, and who has acknowledged which version."""
