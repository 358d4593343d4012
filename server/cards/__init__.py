"""ID cards and what has happened to them."""
