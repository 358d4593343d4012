"""3. Allowed? The first row that fits."""

from datetime import date, datetime, timedelta
from typing import Any

from presence.card import CardRef, Recognised
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import CardState, Elsewhere, MissingCourse
from presence.statuslist import Status
from presence.verdict import CourseDue, RenewalDue, Saying, Tell
from tests.builders import (
    CARD,
    LEADER,
    NOW,
    TODAY,
    credential,
    held_card,
    house,
    oslo,
)
from tests.decisions.genuine import READ_IT, UNKNOWN, unknown_but
from tests.decisions.rows import (
    ALONE,
    BY_CHIP,
    HOME_AND_CHAPTER,
    LEADER_TOLD,
    REPLAYED,
    TOMORROW,
    YESTERDAY,
    Part,
    ask_staff,
    came,
    goodbye,
    left_in_doubt,
    refused,
    welcome,
    with_row,
)

EXPIRED: dict[str, Any] = {"says": Saying.EXPIRED, "tell": LEADER_TOLD, "call": LEADER}
NO_COURSE: dict[str, Any] = {"says": Saying.COURSE_MISSING, "tell": LEADER_TOLD, "call": LEADER}
BOTH_HOMES = (Tell.INSTITUTION, Tell.OTHER_HOME, Tell.CHAPTER)
UNSURE = {"is_clock_sure": False}


def seen(at: datetime, minutes: int = 8) -> Elsewhere:
    """At another home, so many minutes away."""
    return Elsewhere(at, at + timedelta(minutes=minutes))


CARDS = Part(
    "The card, and who holds it",
    "One neutral text for all of them: no screen at the door says why.",
    (
        *(
            refused(
                f"The card is {state.value.replace('_', ' ')}",
                with_row(held_card(state=state)),
                Reason.CARD_BLOCKED,
            )
            for state in CardState
            if state is not CardState.ACTIVE
        ),
        refused(
            "The card is lost, and its owner is possibly here: that is not changed",
            with_row(held_card(state=CardState.LOST), here=left_in_doubt()),
            Reason.CARD_BLOCKED,
        ),
        welcome(
            "Her old card is lost; she holds the new one",
            with_row(cards=(held_card(ref=CardRef(3, 1), state=CardState.LOST), held_card())),
        ),
        refused(
            "This home has paused her",
            with_row(is_paused=True),
            Reason.PAUSED,
            tell=HOME_AND_CHAPTER,
        ),
        refused(
            "Her card is valid from tomorrow, or she comes of age tomorrow",
            with_row(held_card(valid_from=TOMORROW)),
            Reason.NOT_YET_VALID,
            tell=LEADER_TOLD,
        ),
        welcome(
            "Her card is valid from today, or she comes of age today",
            with_row(held_card(valid_from=TODAY)),
        ),
        welcome(
            "It would be valid from tomorrow, by a clock that may be behind",
            {**with_row(held_card(valid_from=TOMORROW)), **UNSURE},
            bases=ALONE,
        ),
    ),
)

CHIPS = Part(
    "A chip's message",
    "A chip makes a new message at every read, and each is good for one presentation. One that was "
    "used before was recorded from the card, or copied.",
    (
        welcome("It was made for this presentation", BY_CHIP),
        welcome(
            "It was made for this presentation; the register knows the chip, and its card has no "
            "code",
            {**BY_CHIP, "credential": Recognised(CARD, credential().expires)},
        ),
        refused(
            "The date signed on the card has come; its chip has the same",
            {**BY_CHIP, "credential": Recognised(CARD, NOW)},
            Reason.EXPIRED,
            expired_on=TODAY,
            **EXPIRED,
        ),
        refused(
            "It was used for another presentation",
            REPLAYED,
            Reason.REPLAYED,
            tell=HOME_AND_CHAPTER,
        ),
        refused(
            "It was used for another presentation, and this kiosk does not know the card",
            {**REPLAYED, **UNKNOWN},
            Reason.REPLAYED,
            tell=HOME_AND_CHAPTER,
        ),
        refused(
            "It was used for another presentation, and the card is lost",
            {**REPLAYED, **with_row(held_card(state=CardState.LOST))},
            Reason.REPLAYED,
            tell=HOME_AND_CHAPTER,
        ),
    ),
)

TRAVEL = Part(
    "Elsewhere a moment ago",
    "Nobody travels that fast. A code can be copied, so it is not believed; a chip (A2) is, with a "
    "warning. Both homes and the chapter are told.",
    (
        refused(
            "She was at another home five minutes ago, eight minutes away",
            with_row(elsewhere=seen(oslo("09:57"))),
            Reason.ELSEWHERE,
            tell=BOTH_HOMES,
        ),
        welcome(
            "The same, by her chip",
            {**with_row(elsewhere=seen(oslo("09:57"))), **BY_CHIP},
            warning=Reason.ELSEWHERE,
            tell=BOTH_HOMES,
        ),
        welcome(
            "She was at another home eight minutes ago, eight minutes away",
            with_row(elsewhere=seen(oslo("09:54"))),
        ),
        refused(
            "She was there a second less ago",
            with_row(elsewhere=seen(oslo("09:54:01"))),
            Reason.ELSEWHERE,
            tell=BOTH_HOMES,
        ),
        refused(
            "She seems to be there in four minutes: the other home's clock is ahead",
            with_row(elsewhere=seen(oslo("10:06"))),
            Reason.ELSEWHERE,
            tell=BOTH_HOMES,
        ),
        welcome(
            "By its clock she will be there only in an hour: that accuses nobody",
            with_row(elsewhere=seen(oslo("11:02"))),
        ),
        welcome(
            "She was at another home five minutes ago, by a clock that may be behind",
            {**with_row(elsewhere=seen(oslo("09:57"))), **UNSURE},
            bases=ALONE,
        ),
        goodbye(
            "She was at another home five minutes ago, and is going out here",
            with_row(elsewhere=seen(oslo("09:57")), here=came("08:00")),
        ),
    ),
)

DATES = Part(
    "Expired, or a course is missing",
    "Here she is told what it is, and whom to call. A card's last day is a whole day at the home.",
    (
        welcome(
            "Today is the last day of her card",
            with_row(held_card(valid_until=TODAY)),
            RenewalDue(TODAY),
        ),
        refused(
            "Yesterday was the last day of her card",
            with_row(held_card(valid_until=YESTERDAY)),
            Reason.EXPIRED,
            expired_on=TODAY,
            **EXPIRED,
        ),
        refused(
            "The same, by a clock that may be behind: what is over stays over",
            {**with_row(held_card(valid_until=YESTERDAY)), **UNSURE},
            Reason.EXPIRED,
            expired_on=TODAY,
            bases=ALONE,
            **EXPIRED,
        ),
        refused(
            "The date signed on the card has come, though the register says otherwise",
            {"credential": credential(expires=NOW)},
            Reason.EXPIRED,
            expired_on=TODAY,
            **EXPIRED,
        ),
        welcome(
            "The date signed on the card comes in a second",
            {"credential": credential(expires=NOW + timedelta(seconds=1))},
        ),
        refused(
            "Both dates are over: the first of them is told",
            {
                "credential": credential(expires=oslo("00:00", date(2026, 10, 1))),
                **with_row(held_card(valid_until=YESTERDAY)),
            },
            Reason.EXPIRED,
            expired_on=date(2026, 10, 1),
            **EXPIRED,
        ),
        refused(
            "Her card is over, and nobody is named whom to call",
            with_row(held_card(valid_until=YESTERDAY), leader=None),
            Reason.EXPIRED,
            expired_on=TODAY,
            **{**EXPIRED, "call": None},
        ),
        refused(
            "A course that blocks at once is missing",
            with_row(courses=(MissingCourse("Førstehjelp", TODAY),)),
            Reason.COURSE_MISSING,
            course="Førstehjelp",
            **NO_COURSE,
        ),
        refused(
            "A course that she had taken ran out yesterday",
            with_row(courses=(MissingCourse("Førstehjelp", TODAY, is_held=True),)),
            Reason.COURSE_MISSING,
            course="Førstehjelp",
            **NO_COURSE,
        ),
        refused(
            "Of two missing courses one has still time",
            with_row(
                courses=(
                    MissingCourse("Grunnkurs", TOMORROW),
                    MissingCourse("Førstehjelp", YESTERDAY),
                )
            ),
            Reason.COURSE_MISSING,
            course="Førstehjelp",
            **NO_COURSE,
        ),
        welcome(
            "A course with 365 days' grace from 2026-01-10, on 2027-01-10",
            with_row(courses=(MissingCourse("Førstehjelp", date(2027, 1, 11)),)),
            CourseDue("Førstehjelp", date(2027, 1, 11)),
            at=oslo("23:59:59", date(2027, 1, 10)),
        ),
        refused(
            "The same on 2027-01-11",
            with_row(courses=(MissingCourse("Førstehjelp", date(2027, 1, 11)),)),
            Reason.COURSE_MISSING,
            course="Førstehjelp",
            at=oslo("00:00", date(2027, 1, 11)),
            **NO_COURSE,
        ),
    ),
)

SILENCE = Part(
    "How sure: a kiosk that is alone",
    "Its knowledge grows old, by steps that the society sets. People are recorded all the while.",
    (
        welcome("Last contact two minutes ago", {}, bases=ALONE),
        welcome(
            "24 hours ago (staff and chapter have been told)",
            {"as_of": NOW - timedelta(hours=24)},
            bases=ALONE,
        ),
        welcome("72 hours ago", {"as_of": NOW - timedelta(hours=72)}, bases=ALONE),
        welcome(
            "14 days ago: no names any more, but signature and status list",
            {**unknown_but(Status.VALID), "as_of": NOW - timedelta(days=14)},
            READ_IT,
            bases=ALONE,
        ),
        refused(
            "14 days ago, and the status list says invalid",
            {**unknown_but(Status.INVALID), "as_of": NOW - timedelta(days=14)},
            Reason.CARD_BLOCKED,
            bases=ALONE,
        ),
        welcome("30 days ago", {"as_of": NOW - timedelta(days=30)}, bases=ALONE),
        ask_staff("30 days and a second ago", {"as_of": NOW - timedelta(days=30, seconds=1)}),
        ask_staff("Never", {"as_of": None}),
        ask_staff("Never, and the card is unknown", {**UNKNOWN, "as_of": None}),
        ask_staff(
            "15 days ago, where the society allows no more than 14",
            {
                "as_of": NOW - timedelta(days=15),
                "house": house(policy=Policy(ask_staff_after_days=14)),
            },
        ),
        refused(
            "400 days ago, and the card was lost then",
            {
                "as_of": NOW - timedelta(days=400),
                **with_row(held_card(state=CardState.LOST)),
            },
            Reason.CARD_BLOCKED,
            bases=ALONE,
        ),
        goodbye(
            "400 days ago, and she came at eight",
            {"as_of": NOW - timedelta(days=400), **with_row(here=came("08:00"))},
            bases=ALONE,
        ),
    ),
)

PARTS = (CARDS, CHIPS, TRAVEL, DATES, SILENCE)
