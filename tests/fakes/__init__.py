"""Stand-ins that pass the same contract as the real part."""
