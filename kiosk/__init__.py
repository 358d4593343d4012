"""One kiosk: a Raspberry Pi at one nursing home."""
