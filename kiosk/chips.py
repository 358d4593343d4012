"""Which card a legacy chip is, learnt from answers."""
