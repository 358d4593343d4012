"""The rule book and the contract, shared by kiosk and server. Nothing here touches the world.

No module reads a clock, a file, a socket or a random source: `now`, ids and randomness are
arguments. That is what lets both machines, and every test, run the very same rules.
"""
