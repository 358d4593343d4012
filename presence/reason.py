"""Why the admission rule answered as it did."""

from enum import StrEnum


class Reason(StrEnum):
    """Why. Only for those who may know it; no screen at the door ever shows it."""

    OK = "ok"
    NOT_GENUINE = "not_genuine"
    UNKNOWN_CARD = "unknown_card"
    TOO_WEAK = "too_weak"
    CARD_BLOCKED = "card_blocked"
    PAUSED = "paused"
    ELSEWHERE = "elsewhere"
    """The person was at another home too short a time ago to be here."""
    REPLAYED = "replayed"
    """The chip's message had been used before: it was recorded from the card, or copied."""
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    COURSE_MISSING = "course_missing"
    NO_CONTACT = "no_contact"
