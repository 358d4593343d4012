"""The wire to the server: `mqtt` lives one `connection` after the other; `incoming` is what is
taken from them. `probe` only asks whether there could be one."""

from kiosk.link.connection import Address, LinkError
from kiosk.link.mqtt import MqttLink
from kiosk.link.probe import probe

__all__ = ["Address", "LinkError", "MqttLink", "probe"]
