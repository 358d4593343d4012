"""The whole system on a desk: real broker, real server, real kiosk, emulated hardware."""
