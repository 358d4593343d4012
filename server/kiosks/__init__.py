"""The kiosks, how they are, and what they must know when they are alone."""
