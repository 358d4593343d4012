"""The rules that hold in every history, whatever the weather."""

from enum import StrEnum


class Rule(StrEnum):
    EXACTLY_ONCE = "what a kiosk has committed is on the server exactly once"
    RECORD_FIRST = "nobody is told anything before its entry is committed"
    OUTBOX_EMPTIES = "every outbox empties, and only what was rejected is parked"
    VISITS = "the server's visits are those that follow from the recorded facts"
    ROLL_CALL = "who is recorded as in and not out is on the roll call"
    ROSTERS_AGREE = "every kiosk comes to hold what the server means it to hold"
    KIOSK_KNOWS = "every kiosk comes to know who is in its house"
    KNOWLEDGE_GROWS = "what a kiosk knows of a person never gets older"
    IN_TIME = "a verdict is told within its time"
    TOLD_ONCE = "each card held up is told one verdict"
    LOST_IS_LOST = "no server welcomes a card that had been reported lost"
    ANSWERED = "what is told as the server's word is what the server answered"
    ONE_READ = "a chip's read counts for one presentation only"
    OWN_DOOR = "a kiosk forgets nothing that was done at its own door"
    RESTS = "no machines keep each other busy without end"
    NO_FAULT = "no program fails by itself"
