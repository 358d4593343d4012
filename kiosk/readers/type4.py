"""What a Type 4 tag says."""
