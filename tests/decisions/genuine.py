"""1. Genuine?"""

from datetime import timedelta

from presence.card import Assurance, CardRef
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import CardState
from presence.statuslist import Listed, Status
from presence.verdict import BriefingDue, Saying
from tests.builders import (
    NOW,
    TODAY,
    arrival,
    credential,
    departure,
    held_card,
    house,
    oslo,
    roster_row,
)
from tests.decisions.rows import (
    ALONE,
    CHAPTER,
    LEADER_TOLD,
    LIVE,
    YESTERDAY,
    Part,
    ask_staff,
    came,
    goodbye,
    own,
    refused,
    welcome,
    with_row,
)

READ_IT = BriefingDue(house().briefing)  # type: ignore[arg-type]  # the plain house has one
UNKNOWN = {"row": None}
CANNOT_READ = {"says": Saying.CANNOT_READ, "tell": ()}


def listed(status: Status | None, *, ended: timedelta = timedelta(days=-29)) -> Listed:
    """What a status list says that ended so long ago (or still has so long)."""
    return Listed(status, NOW - ended - timedelta(days=30), NOW - ended)


def unknown_but(status: Status | None, **changes: timedelta) -> dict[str, object]:
    return {**UNKNOWN, "listed": listed(status, **changes)}


BELIEVED = Part(
    "Believed?",
    "What nobody signed is nothing: only a number of such things is kept. What a card must prove "
    "is the society's decision, and a home may ask for more.",
    (
        refused(
            "What is held up is not genuine",
            {"credential": None, "row": None, "assurance": Assurance.A0},
            Reason.NOT_GENUINE,
            **CANNOT_READ,
        ),
        refused(
            "It is not genuine, whatever else is known, and the visit it may be about stays open",
            {"credential": None, "row": roster_row(here=came("08:00"))},
            Reason.NOT_GENUINE,
            **CANNOT_READ,
        ),
        refused(
            "It proves less (A1) than the society asks for (A2)",
            {"house": house(policy=Policy(lowest_assurance=Assurance.A2))},
            Reason.TOO_WEAK,
        ),
        refused(
            "It proves less (A1) than this home asks for (A2)",
            {"house": house(lowest_assurance=Assurance.A2)},
            Reason.TOO_WEAK,
        ),
        welcome(
            "It proves as much (A2) as this home asks for",
            {"house": house(lowest_assurance=Assurance.A2), "assurance": Assurance.A2},
        ),
        refused("It is an identifier only (A0)", {"assurance": Assurance.A0}, Reason.TOO_WEAK),
        welcome(
            "It is an identifier only, on the last day on which the society accepts that",
            {
                "assurance": Assurance.A0,
                "house": house(policy=Policy(uid_only_until=TODAY)),
            },
        ),
        refused(
            "It is an identifier only, on the day after",
            {
                "assurance": Assurance.A0,
                "house": house(policy=Policy(uid_only_until=YESTERDAY)),
            },
            Reason.TOO_WEAK,
        ),
        refused(
            "It is an identifier only; the society accepts that, this home does not",
            {
                "assurance": Assurance.A0,
                "house": house(policy=Policy(uid_only_until=TODAY), lowest_assurance=Assurance.A1),
            },
            Reason.TOO_WEAK,
        ),
        goodbye(
            "It is too weak, and she came in two hours ago",
            {"assurance": Assurance.A0, **with_row(here=came("08:00"))},
        ),
    ),
)

KNOWN = Part(
    "Known?",
    "The server knows every card there is. A kiosk alone knows whom its home expects, and after "
    "two weeks of silence nobody: then it has the signature and the status list, and gives the "
    "benefit of the doubt.",
    (
        refused("Nobody knows this card", UNKNOWN, Reason.UNKNOWN_CARD, bases=LIVE),
        refused(
            "Its holder has other cards, and not this one",
            with_row(held_card(ref=CardRef(3, 1))),
            Reason.UNKNOWN_CARD,
            bases=LIVE,
        ),
        welcome("This kiosk does not know the card", UNKNOWN, READ_IT, bases=ALONE),
        welcome(
            "It does not know the card; the status list has nothing against it",
            unknown_but(Status.VALID),
            READ_IT,
            bases=ALONE,
        ),
        welcome(
            "It does not know the card; the status list says that a renewal is due",
            unknown_but(Status.RENEWAL_DUE),
            READ_IT,
            bases=ALONE,
        ),
        *(
            refused(
                f"It does not know the card; the status list says {status.name.lower()}",
                unknown_but(status),
                Reason.CARD_BLOCKED,
                bases=ALONE,
            )
            for status in (Status.INVALID, Status.SUSPENDED)
        ),
        refused(
            "It does not know the card, whose place lies outside its status list",
            unknown_but(None),
            Reason.UNKNOWN_CARD,
            bases=ALONE,
        ),
        refused(
            "It does not know the card, and the date signed on it has come",
            {**unknown_but(Status.VALID), "credential": credential(expires=NOW)},
            Reason.EXPIRED,
            says=Saying.EXPIRED,
            tell=LEADER_TOLD,
            expired_on=TODAY,
            bases=ALONE,
        ),
        welcome(
            "It does not know the card; the status list ends in a second",
            unknown_but(Status.VALID, ended=timedelta(seconds=-1)),
            READ_IT,
            bases=ALONE,
        ),
        ask_staff(
            "It does not know the card; the status list has ended",
            unknown_but(Status.VALID, ended=timedelta(0)),
        ),
        refused(
            "It does not know the card; the ended status list said invalid",
            unknown_but(Status.INVALID, ended=timedelta(days=9)),
            Reason.CARD_BLOCKED,
            bases=ALONE,
        ),
        *(
            refused(
                f"The roster has nothing against it; the status list says {status.name.lower()}",
                {"listed": listed(status)},
                Reason.CARD_BLOCKED,
                bases=ALONE,
            )
            for status in (Status.INVALID, Status.SUSPENDED)
        ),
        welcome(
            "The roster has nothing against it, and the status list has ended",
            {"listed": listed(Status.VALID, ended=timedelta(days=1))},
            bases=ALONE,
        ),
        welcome(
            "The roster has nothing against it; its place lies outside the status list",
            {"listed": listed(None)},
            bases=ALONE,
        ),
        refused(
            "The status list has nothing against it, but the roster says that it is lost",
            {"listed": listed(Status.VALID), **with_row(held_card(state=CardState.LOST))},
            Reason.CARD_BLOCKED,
            bases=ALONE,
        ),
        welcome(
            "The server knows better than any status list",
            {"listed": listed(Status.INVALID)},
            bases=LIVE,
        ),
        goodbye(
            "Nobody knows the card, and this kiosk has let its holder in",
            {**UNKNOWN, **own(arrival(oslo("08:00"), 1))},
        ),
        goodbye(
            "The same, and the status list says invalid: it may not be the owner",
            {**unknown_but(Status.INVALID), **own(arrival(oslo("08:00"), 1))},
            reason=Reason.CARD_BLOCKED,
            is_doubtful=True,
            tell=CHAPTER,
            bases=ALONE,
        ),
        *(
            goodbye(
                f"She leaves with a card that is {state.value.replace('_', ' ')}; the list says"
                " invalid, as it does of every such card",
                {
                    "listed": listed(Status.INVALID),
                    **with_row(held_card(state=state), here=came("08:00")),
                },
                bases=ALONE,
            )
            for state in (CardState.RETURNED, CardState.TO_BE_RETURNED)
        ),
        welcome(
            "This kiosk does not know the card, and has let its holder in and out",
            {**UNKNOWN, **own(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2))},
            READ_IT,
            bases=ALONE,
        ),
    ),
)

PARTS = (BELIEVED, KNOWN)
