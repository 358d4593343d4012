"""Programs that are wrong on purpose, to prove that the story notices."""
