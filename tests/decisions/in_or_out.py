"""2. In or out?"""

from datetime import timedelta

from presence.policy import Policy
from presence.reason import Reason
from presence.roster import CardState
from tests.builders import (
    TODAY,
    arrival,
    came_back,
    departure,
    held_card,
    here,
    house,
    oslo,
    seen_elsewhere,
    staff_said,
    went_out,
)
from tests.decisions.rows import (
    CARD_IS_UNSURE,
    CHAPTER,
    HOME_AND_CHAPTER,
    REPLAYED,
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


AT_EIGHT, YESTERDAY_AT_TWO = arrival(oslo("08:00"), 1), arrival(oslo("14:00", YESTERDAY), 1)
OUT_AT_NINE = went_out(oslo("09:00"), 2)
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
            "She came half a minute ago; the same message of her chip is heard again",
            {**REPLAYED, **known(arrival(oslo("10:01:30"), 1))},
        ),
        already_in(
            "She came at ten to ten, and by the other door half a minute ago",
            known(arrival(oslo("09:50"), 1), arrival(oslo("10:01:30"), 2)),
        ),
        already_in(
            "She came at eight, and the kiosk was switched on 59 seconds ago",
            {**known(AT_EIGHT), **SWITCHED_ON},
        ),
        goodbye(
            "She came at eight, and the kiosk was switched on 60 seconds ago",
            {**known(AT_EIGHT), "uptime": timedelta(seconds=60)},
        ),
        welcome("The kiosk was switched on this instant", {"uptime": timedelta(0)}),
        welcome(
            "She left an hour ago",
            known(AT_EIGHT, departure(oslo("09:00"), 2)),
        ),
        already_in(
            "She came half a minute ago, and only this kiosk knows it",
            own(arrival(oslo("10:01:30"), 1)),
        ),
        goodbye("She came at eight, and only this kiosk knows it", own(AT_EIGHT)),
        welcome(
            "She has left, and only this kiosk knows it",
            {**known(AT_EIGHT), **own(departure(oslo("09:00"), 2))},
        ),
        goodbye(
            "This kiosk tells again what the row contains already",
            {**known(AT_EIGHT), **own(AT_EIGHT)},
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
        *(
            goodbye(
                f"Somebody leaves by a chip's message that was used before{more}",
                {**REPLAYED, **with_row(held_card(state=state), here=came("08:00"))},
                reason=Reason.REPLAYED,
                is_doubtful=True,
                tell=HOME_AND_CHAPTER,
            )
            for more, state in (("", CardState.ACTIVE), (", and it is lost", CardState.LOST))
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
            known(YESTERDAY_AT_TWO),
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
            "She keeps vigil since last evening",
            known(arrival(oslo("21:00", YESTERDAY), 1, is_vigil=True)),
        ),
        welcome(
            "She came to keep vigil two evenings ago",
            known(arrival(oslo("21:00", TWO_DAYS_AGO), 1, is_vigil=True)),
            when_did_you_leave("21:00", TWO_DAYS_AGO),
        ),
        goodbye(
            "She came yesterday, and staff said at nine that she is here",
            known(YESTERDAY_AT_TWO, staff_said(oslo("09:00"), 9, is_here=True)),
        ),
        welcome(
            "She came yesterday, and staff said at nine that she is gone",
            known(YESTERDAY_AT_TWO, staff_said(oslo("09:00"), 9, is_here=False)),
        ),
        welcome(
            "She came at eight, and staff said at nine that she is gone",
            known(AT_EIGHT, staff_said(oslo("09:00"), 9, is_here=False)),
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
            known(AT_EIGHT, OUT_AT_NINE),
        ),
        welcome_back(
            "She went out with residents ten seconds ago, right after she came",
            known(arrival(oslo("10:01:30"), 1), went_out(oslo("10:01:50"), 2)),
        ),
        welcome_back(
            "She is out with residents, and the kiosk was switched on a moment ago",
            {**known(AT_EIGHT, OUT_AT_NINE), **SWITCHED_ON},
        ),
        welcome_back(
            "She is out with residents, and only this kiosk knows it",
            {**known(AT_EIGHT), **own(OUT_AT_NINE)},
        ),
        *(
            welcome_back(
                f"She is out with residents, and her card is {state.value}",
                with_row(
                    held_card(state=state),
                    here=here(AT_EIGHT, OUT_AT_NINE),
                ),
                warning=Reason.CARD_BLOCKED,
                tell=CHAPTER,
            )
            for state in ALSO_DOUBTFUL
        ),
        welcome_back(
            "She is out with residents; somebody comes by a chip's message that was used before",
            {**REPLAYED, **known(AT_EIGHT, OUT_AT_NINE)},
            warning=Reason.REPLAYED,
            tell=HOME_AND_CHAPTER,
        ),
        already_in(
            "She came back from there half a minute ago",
            known(
                AT_EIGHT,
                OUT_AT_NINE,
                came_back(oslo("10:01:30"), 3),
            ),
        ),
        goodbye(
            "She came back from there half an hour ago",
            known(AT_EIGHT, OUT_AT_NINE, came_back(oslo("09:32"), 3)),
        ),
        welcome(
            "She went out with residents yesterday",
            known(YESTERDAY_AT_TWO, went_out(oslo("15:00", YESTERDAY), 2)),
            when_did_you_leave("14:00", YESTERDAY),
        ),
        goodbye(
            "She is out with residents; staff say that she is in the house",
            known(
                AT_EIGHT,
                OUT_AT_NINE,
                staff_said(oslo("09:30"), 9, is_here=True),
            ),
        ),
        welcome(
            "She came at eight and was at another home at nine",
            known(AT_EIGHT, seen_elsewhere(oslo("09:00"), 8)),
            when_did_you_leave("08:00"),
        ),
        goodbye(
            "She was at another home at nine, and staff say that she is here again",
            known(
                AT_EIGHT,
                seen_elsewhere(oslo("09:00"), 8),
                staff_said(oslo("09:30"), 9, is_here=True),
            ),
        ),
        goodbye(
            "She was at another home before she came here",
            known(seen_elsewhere(oslo("07:00"), 8), AT_EIGHT),
        ),
        welcome(
            "She never checked out yesterday, and was at another home this morning",
            known(YESTERDAY_AT_TWO, seen_elsewhere(oslo("09:00"), 8)),
        ),
    ),
)

PARTS = (TAPS, CARDS, NIGHTS, OUTINGS)
