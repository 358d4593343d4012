"""What the person at the door sees: a page on loopback, told by server-sent events."""
