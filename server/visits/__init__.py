"""Facts as the kiosks told them, and the visits that follow from them."""
