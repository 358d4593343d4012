"""The wire to the server: `mqtt` lives one `connection` after the other; `incoming` is what is
taken from them."""

from kiosk.link.connection import Address
from kiosk.link.mqtt import MqttLink

__all__ = ["Address", "MqttLink"]
