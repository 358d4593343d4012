"""From what a scanner sends to one code at a time."""
