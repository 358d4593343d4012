"""One exception tree. Each error says whose fault it is; a refusal is never an exception."""


class PresenceError(Exception):
    """Root of everything this package raises."""


class CredentialError(PresenceError, ValueError):
    """What was on the card is not a genuine credential: unreadable, forged or foreign."""


class SignatureError(PresenceError, ValueError):
    """A signed message is not from whom it should be, or not meant for this receiver."""


class StatusListError(PresenceError, ValueError):
    """Signed as a status list, and not a status list that can be read, or not the one asked for."""


class MessageError(PresenceError, ValueError):
    """Bytes from the wire that are not a message of this contract."""


class UnknownVersionError(MessageError):
    """A message of a version this program does not speak; the sender keeps it and tries later."""


class TopicError(PresenceError, ValueError):
    """A topic that is not part of the contract, or a name that would break one."""


class TrustError(PresenceError, ValueError):
    """A trust list that cannot be read."""
