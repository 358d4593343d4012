"""2. In or out?"""

from datetime import datetime, timedelta

from presence.policy import Policy
from presence.reason import Reason
from presence.roster import CardState
from presence.visit import Arrival, Outing, SeenElsewhere, StaffWord
from tests.builders import (
    TODAY,
    arrival,
    departure,
    event_id,
    held_card,
    here,
    house,
    oslo,
    visit_id,
)
from tests.decisions.rows import (
    CARD_IS_UNSURE,
    CHAPTER,
    TOMORROW,
    YESTERDAY,
    Part,
    already_in,
    came,
    goodbye,
    known,
    left_in_doubt,
    own,
    welcome,
    welcome_back,
    when_did_you_leave,
    with_row,
)

ALSO_DOUBTFUL = (CardState.LOST, CardState.SUSPENDED, CardState.EXCLUDED, CardState.REPLACED)
TWO_DAYS_AGO = YESTERDAY - timedelta(days=1)


def went_out(at: datetime, number: int = 2) -> Outing:
    return Outing(at, event_id(number), is_out=True)


def came_back(at: datetime, number: int = 3) -> Outing:
    return Outing(at, event_id(number), is_out=False)


def staff_said(at: datetime, *, is_here: bool) -> StaffWord:
    return StaffWord(at, event_id(9), is_here)


def elsewhere(at: datetime) -> SeenElsewhere:
    return SeenElsewhere(at, event_id(8))


def to_keep_vigil(at: datetime) -> Arrival:
    return Arrival(at, event_id(1), visit_id(1), is_vigil=True)


SWITCHED_ON = {"uptime": timedelta(seconds=59, milliseconds=999)}

TAPS = Part(
    "One tap after the other",
    "With no open visit here she is coming in, with one she is going out. A second touch within a "
    "minute changes nothing, and neither does any tap in the first minute after the power came "
    "back.",
    (
        welcome("Nothing is known of her here", {}),
        goodbye("She came an hour ago", known(arrival(oslo("09:02"), 1))),
        goodbye("She came 60 seconds ago", known(arrival(oslo("10:01:00"), 1))),
        already_in("She came 59 seconds ago", known(arrival(oslo("10:01:01"), 1))),
        already_in("She came this very instant", known(arrival(oslo("10:02"), 1))),
        already_in(
            "She came 59 seconds ago, and the home counts five minutes as one touch",
            {
                **known(arrival(oslo("09:58"), 1)),
                "house": house(policy=Policy(same_tap_seconds=300)),
            },
        ),
        already_in(
            "Another kiosk's clock is ahead: she seems to come in four minutes",
            known(arrival(oslo("10:06:59"), 1)),
        ),
        goodbye(
            "She seems to come in five minutes: that is no matter of two clocks any more",
            known(arrival(oslo("10:07:00"), 1)),
        ),
        already_in(
            "She came at ten to ten, and by the other door half a minute ago",
            known(arrival(oslo("09:50"), 1), arrival(oslo("10:01:30"), 2)),
        ),
        already_in(
            "She came at eight, and the kiosk was switched on 59 seconds ago",
            {**known(arrival(oslo("08:00"), 1)), **SWITCHED_ON},
        ),
        goodbye(
            "She came at eight, and the kiosk was switched on 60 seconds ago",
            {**known(arrival(oslo("08:00"), 1)), "uptime": timedelta(seconds=60)},
        ),
        welcome("The kiosk was switched on this instant", {"uptime": timedelta(0)}),
        welcome(
            "She left an hour ago",
            known(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2)),
        ),
        already_in(
            "She came half a minute ago, and only this kiosk knows it",
            own(arrival(oslo("10:01:30"), 1)),
        ),
        goodbye("She came at eight, and only this kiosk knows it", own(arrival(oslo("08:00"), 1))),
        welcome(
            "She has left, and only this kiosk knows it",
            {**known(arrival(oslo("08:00"), 1)), **own(departure(oslo("09:00"), 2))},
        ),
        goodbye(
            "This kiosk tells again what the row contains already",
            {**known(arrival(oslo("08:00"), 1)), **own(arrival(oslo("08:00"), 1))},
        ),
    ),
)

CARDS = Part(
    "Going out with a card that is not in order",
    "Leaving is never refused. But where somebody else may hold the card, its owner is possibly "
    "still here.",
    (
        *(
            goodbye(
                f"She leaves with a card that is {state.value}",
                with_row(held_card(state=state), here=came("08:00")),
                **CARD_IS_UNSURE,
            )
            for state in ALSO_DOUBTFUL
        ),
        *(
            goodbye(
                f"She leaves with a card that is {state.value.replace('_', ' ')}",
                with_row(held_card(state=state), here=came("08:00")),
            )
            for state in CardState
            if state not in ALSO_DOUBTFUL
        ),
        goodbye(
            "She leaves with a card that expired yesterday",
            with_row(held_card(valid_until=YESTERDAY), here=came("08:00")),
        ),
        goodbye(
            "This home has paused her since she came",
            with_row(is_paused=True, here=came("08:00")),
        ),
        welcome(
            "Somebody left with her lost card; she comes with her new one",
            with_row(here=left_in_doubt()),
            when_did_you_leave("08:00"),
        ),
    ),
)

NIGHTS = Part(
    "After a night",
    "At 03:00 an open visit stops being sure, so the next tap is an arrival, with the question "
    "when she left. Who keeps vigil sits through one night.",
    (
        goodbye(
            "She came at 22:00; it is a second to three",
            known(arrival(oslo("22:00"), 1)),
            at=oslo("02:59:59", TOMORROW),
        ),
        welcome(
            "She came at 22:00; it is three",
            known(arrival(oslo("22:00"), 1)),
            when_did_you_leave("22:00"),
            at=oslo("03:00", TOMORROW),
        ),
        goodbye(
            "She came at ten to three; it is three",
            known(arrival(oslo("02:50"), 1)),
            at=oslo("03:00"),
        ),
        welcome(
            "She came yesterday and never checked out",
            known(arrival(oslo("14:00", YESTERDAY), 1)),
            when_did_you_leave("14:00", YESTERDAY),
        ),
        welcome(
            "She came weeks ago and never checked out",
            known(arrival(oslo("14:00", TODAY - timedelta(days=40)), 1)),
            when_did_you_leave("14:00", TODAY - timedelta(days=40)),
        ),
        welcome(
            "The night ends at eleven at this home's society",
            {
                **known(arrival(oslo("10:30"), 1)),
                "house": house(policy=Policy(night_ends=oslo("12:00").time().replace(hour=11))),
            },
            when_did_you_leave("10:30"),
            at=oslo("11:00"),
        ),
        goodbye(
            "She keeps vigil since last evening", known(to_keep_vigil(oslo("21:00", YESTERDAY)))
        ),
        welcome(
            "She came to keep vigil two evenings ago",
            known(to_keep_vigil(oslo("21:00", TWO_DAYS_AGO))),
            when_did_you_leave("21:00", TWO_DAYS_AGO),
        ),
        goodbye(
            "She came yesterday, and staff said at nine that she is here",
            known(arrival(oslo("14:00", YESTERDAY), 1), staff_said(oslo("09:00"), is_here=True)),
        ),
        welcome(
            "She came yesterday, and staff said at nine that she is gone",
            known(arrival(oslo("14:00", YESTERDAY), 1), staff_said(oslo("09:00"), is_here=False)),
        ),
        welcome(
            "She came at eight, and staff said at nine that she is gone",
            known(arrival(oslo("08:00"), 1), staff_said(oslo("09:00"), is_here=False)),
        ),
    ),
)

OUTINGS = Part(
    "Out with residents, and at two homes",
    "Out for a walk the visit goes on; the next tap is the way back. An arrival at another home "
    "makes the visit here a possible one, and this tap an arrival.",
    (
        welcome_back(
            "She came at eight and is out with residents",
            known(arrival(oslo("08:00"), 1), went_out(oslo("09:00"))),
        ),
        welcome_back(
            "She went out with residents ten seconds ago, right after she came",
            known(arrival(oslo("10:01:30"), 1), went_out(oslo("10:01:50"))),
        ),
        welcome_back(
            "She is out with residents, and the kiosk was switched on a moment ago",
            {**known(arrival(oslo("08:00"), 1), went_out(oslo("09:00"))), **SWITCHED_ON},
        ),
        welcome_back(
            "She is out with residents, and only this kiosk knows it",
            {**known(arrival(oslo("08:00"), 1)), **own(went_out(oslo("09:00")))},
        ),
        *(
            welcome_back(
                f"She is out with residents, and her card is {state.value}",
                with_row(
                    held_card(state=state),
                    here=here(arrival(oslo("08:00"), 1), went_out(oslo("09:00"))),
                ),
                warning=Reason.CARD_BLOCKED,
                tell=CHAPTER,
            )
            for state in ALSO_DOUBTFUL
        ),
        already_in(
            "She came back from there half a minute ago",
            known(arrival(oslo("08:00"), 1), went_out(oslo("09:00")), came_back(oslo("10:01:30"))),
        ),
        goodbye(
            "She came back from there half an hour ago",
            known(arrival(oslo("08:00"), 1), went_out(oslo("09:00")), came_back(oslo("09:32"))),
        ),
        welcome(
            "She went out with residents yesterday",
            known(arrival(oslo("14:00", YESTERDAY), 1), went_out(oslo("15:00", YESTERDAY))),
            when_did_you_leave("14:00", YESTERDAY),
        ),
        goodbye(
            "She is out with residents; staff say that she is in the house",
            known(
                arrival(oslo("08:00"), 1),
                went_out(oslo("09:00")),
                staff_said(oslo("09:30"), is_here=True),
            ),
        ),
        welcome(
            "She came at eight and was at another home at nine",
            known(arrival(oslo("08:00"), 1), elsewhere(oslo("09:00"))),
            when_did_you_leave("08:00"),
        ),
        goodbye(
            "She was at another home at nine, and staff say that she is here again",
            known(
                arrival(oslo("08:00"), 1),
                elsewhere(oslo("09:00")),
                staff_said(oslo("09:30"), is_here=True),
            ),
        ),
        goodbye(
            "She was at another home before she came here",
            known(elsewhere(oslo("07:00")), arrival(oslo("08:00"), 1)),
        ),
        welcome(
            "She never checked out yesterday, and was at another home this morning",
            known(arrival(oslo("14:00", YESTERDAY), 1), elsewhere(oslo("09:00"))),
        ),
    ),
)

PARTS = (TAPS, CARDS, NIGHTS, OUTINGS)
