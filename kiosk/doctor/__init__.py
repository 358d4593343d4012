"""What is attached to a kiosk, what is wrong with it, and how to mend it."""
