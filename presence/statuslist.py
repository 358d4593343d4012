"""Which cards are no longer believed: the Token Status List (draft-ietf-oauth-status-list)."""

from datetime import datetime
from enum import IntEnum

from msgspec import Struct


class Status(IntEnum):
    """What a list of two bits a card says of it (the draft, section 7.1; 3 is our own)."""

    VALID = 0
    INVALID = 1
    """Lost, unreturned, revoked: the reason stays on the server."""
    SUSPENDED = 2
    RENEWAL_DUE = 3


class Listed(Struct, frozen=True):
    """What the status list that a kiosk holds says of one card."""

    status: Status | None
    """None: the card's index lies outside the list."""
    issued: datetime
    expires: datetime
    """Exclusive: the list still speaks while `now < expires`."""
