"""The hardware of a kiosk as programs: emulated as low as the operating system lets us go."""
