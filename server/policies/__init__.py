"""The societies' policies: read from files at the start, held in the database for everyone."""
