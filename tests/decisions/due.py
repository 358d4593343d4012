"""4. What is due?"""

from datetime import date, timedelta
from typing import Any

from presence.activity import Activity, DogPlace, DogTeam
from presence.briefing import BriefingVersion
from presence.reason import Reason
from presence.roster import CardState, MissingCourse, Unsettled
from presence.verdict import (
    ActivityDue,
    BriefingDue,
    CourseDue,
    DogLapsed,
    RenewalDue,
)
from tests.builders import (
    NOW,
    TODAY,
    acknowledged,
    arrival,
    departure,
    held_card,
    here,
    house,
    oslo,
)
from tests.decisions.rows import (
    TOMORROW,
    YESTERDAY,
    Part,
    already_in,
    came,
    goodbye,
    left_in_doubt,
    policy_of,
    refused,
    welcome,
    when_did_you_leave,
    with_row,
)

V3, V4 = BriefingVersion(3), BriefingVersion(4, 2)
A_YEAR_AGO = date(2025, 11, 24)
NEVER_READ: dict[str, Any] = with_row(acknowledged=None)


def read(major: int, at: str, day: date) -> dict[str, Any]:
    return with_row(acknowledged=acknowledged(major, oslo(at, day)))


def until(last: date, **changes: Any) -> dict[str, Any]:
    return with_row(held_card(valid_until=last), **changes)


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


def under(society: str) -> dict[str, Any]:
    return {"house": house(policy=policy_of(society))}


LEAP_DAY = until(date(2030, 1, 1), acknowledged=acknowledged(3, oslo("10:00", date(2028, 2, 29))))

BRIEFING = Part(
    "The briefing",
    "Never acknowledged here, a new major version, or older than 12 months.",
    (
        welcome("She has read version 3 a month ago", {}),
        welcome("She has never read it here", NEVER_READ, BriefingDue(V3)),
        welcome("A newer major version is out", {"house": house(briefing=V4)}, BriefingDue(V4, 3)),
        welcome("A newer minor version is out", {"house": house(briefing=BriefingVersion(3, 9))}),
        welcome("The home has none", {"house": house(briefing=None), **NEVER_READ}),
        welcome("She read it a year ago today", read(3, "10:02", A_YEAR_AGO)),
        welcome(
            "She read it a year ago yesterday",
            read(3, "10:02", A_YEAR_AGO - timedelta(days=1)),
            BriefingDue(V3),
        ),
        welcome(
            "The same, and a newer one is out: all of it is due",
            {**read(3, "10:02", date(2025, 1, 1)), "house": house(briefing=V4)},
            BriefingDue(V4),
        ),
        welcome(
            "She read it on 29 February 2028; it is 28 February 2029",
            LEAP_DAY,
            at=oslo("23:59", date(2029, 2, 28)),
        ),
        welcome(
            "She read it on 29 February 2028; it is 1 March 2029",
            LEAP_DAY,
            BriefingDue(V3),
            at=oslo("00:00", date(2029, 3, 1)),
        ),
        welcome(
            "She has just read it, and only this kiosk knows",
            {**NEVER_READ, "unsettled": Unsettled(acknowledged=acknowledged(3, NOW))},
        ),
        welcome(
            "She read version 4 long ago, and version 3 at this kiosk a moment ago",
            {
                **read(4, "10:00", date(2026, 1, 1)),
                "unsettled": Unsettled(acknowledged=acknowledged(3, NOW)),
                "house": house(briefing=V4),
            },
        ),
        welcome(
            "She read it a year before yesterday, and again at this kiosk a moment ago",
            {
                **read(3, "10:00", date(2025, 1, 1)),
                "unsettled": Unsettled(acknowledged=acknowledged(3, NOW)),
            },
        ),
    ),
)

RENEWAL = Part(
    "Renewal",
    "One line with the last day, once a day, from the day on that the society sets.",
    (
        welcome("Days left on her card: 61", until(in_days(61))),
        *(
            welcome(
                f"Days left on her card: {days}", until(in_days(days)), RenewalDue(in_days(days))
            )
            for days in (60, 30, 1, 0)
        ),
        welcome(
            "60 days left, in Norway",
            {**until(in_days(60)), **under("NO")},
            RenewalDue(in_days(60)),
        ),
        welcome("60 days left, in Sweden", {**until(in_days(60)), **under("SE")}),
        welcome(
            "45 days left, in Sweden",
            {**until(in_days(45)), **under("SE")},
            RenewalDue(in_days(45)),
        ),
        welcome(
            "60 days left, in Denmark",
            {**until(in_days(60)), **under("DK")},
            RenewalDue(in_days(60)),
        ),
        welcome(
            "Two days left, and she came and went this morning",
            until(in_days(2), here=here(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2))),
        ),
        welcome(
            "Two days left, and she came and went yesterday",
            until(
                in_days(2),
                here=here(
                    arrival(oslo("08:00", YESTERDAY), 1), departure(oslo("23:59", YESTERDAY), 2)
                ),
            ),
            RenewalDue(in_days(2)),
        ),
    ),
)

COURSES = Part(
    "Courses, and a departure that nobody recorded",
    "A course in its grace: one line with the day on which it stops her.",
    (
        welcome(
            "Two courses are missing and have time",
            with_row(
                courses=(
                    MissingCourse("Førstehjelp", date(2027, 1, 11)),
                    MissingCourse("Grunnkurs", TOMORROW),
                )
            ),
            CourseDue("Førstehjelp", date(2027, 1, 11)),
            CourseDue("Grunnkurs", TOMORROW),
        ),
        welcome(
            "A course that she has taken runs out in 61 days",
            with_row(courses=(MissingCourse("Førstehjelp", in_days(61), is_held=True),)),
        ),
        welcome(
            "A course that she has taken runs out in 60 days",
            with_row(courses=(MissingCourse("Førstehjelp", in_days(60), is_held=True),)),
            CourseDue("Førstehjelp", in_days(60)),
        ),
        welcome(
            "Her last visit is in doubt",
            with_row(here=left_in_doubt()),
            when_did_you_leave("08:00"),
        ),
        welcome(
            "All of that at once",
            until(
                TODAY,
                acknowledged=None,
                courses=(MissingCourse("Grunnkurs", in_days(9)),),
                here=came("14:00", YESTERDAY),
                activities=(Activity.VISIT, Activity.CAFE),
            ),
            BriefingDue(V3),
            when_did_you_leave("14:00", YESTERDAY),
            RenewalDue(TODAY),
            CourseDue("Grunnkurs", in_days(9)),
            ActivityDue((Activity.VISIT, Activity.CAFE)),
        ),
    ),
)

APPROVED = DogTeam((DogPlace.WALK, DogPlace.COMMON_ROOM), in_days(30))
WITH_DOG = (Activity.VISIT, Activity.DOG_VISIT)


def dog(team: DogTeam | None, *activities: Activity) -> dict[str, Any]:
    return with_row(activities=activities or WITH_DOG, dog=team)


ACTIVITY = Part(
    "An activity, and the dog",
    "Only what she may do at this home is offered, and nothing is asked where that is one thing. "
    "At a nursing home a dog has three places; the fourth approval is for private homes.",
    (
        welcome("She comes for one thing", with_row(activities=(Activity.VISIT,))),
        welcome(
            "She comes for a visit or a song hour",
            with_row(activities=(Activity.VISIT, Activity.SONG_HOUR)),
            ActivityDue((Activity.VISIT, Activity.SONG_HOUR)),
        ),
        welcome(
            "Her dog is approved for walk and common room",
            dog(APPROVED),
            ActivityDue(WITH_DOG, (DogPlace.WALK, DogPlace.COMMON_ROOM)),
        ),
        welcome(
            "She comes with her dog only, which may be in two places",
            dog(APPROVED, Activity.DOG_VISIT),
            ActivityDue((Activity.DOG_VISIT,), (DogPlace.WALK, DogPlace.COMMON_ROOM)),
        ),
        welcome(
            "She comes with her dog only, which may be in one place",
            dog(DogTeam((DogPlace.COMMON_ROOM,), in_days(30)), Activity.DOG_VISIT),
        ),
        welcome(
            "Her dog is approved for private homes and the common room",
            dog(DogTeam((DogPlace.HOME, DogPlace.COMMON_ROOM), in_days(30))),
            ActivityDue(WITH_DOG, (DogPlace.COMMON_ROOM,)),
        ),
        welcome(
            "Her dog is approved for private homes only",
            dog(DogTeam((DogPlace.HOME,), in_days(30))),
        ),
        welcome(
            "Today is the last day of the dog's approval",
            dog(DogTeam((DogPlace.WALK,), TODAY)),
            ActivityDue(WITH_DOG, (DogPlace.WALK,)),
        ),
        welcome(
            "Yesterday was the last day of the dog's approval",
            dog(DogTeam((DogPlace.WALK,), YESTERDAY)),
            DogLapsed(YESTERDAY),
        ),
        welcome(
            "The same, and she comes for two other things",
            dog(DogTeam((DogPlace.WALK,), YESTERDAY), *WITH_DOG, Activity.CAFE),
            DogLapsed(YESTERDAY),
            ActivityDue((Activity.VISIT, Activity.CAFE)),
        ),
        welcome(
            "The approval for walks was over yesterday, that for the common room holds",
            dog(DogTeam(APPROVED.places, in_days(30), {DogPlace.WALK: YESTERDAY})),
            ActivityDue(WITH_DOG, (DogPlace.COMMON_ROOM,)),
        ),
        welcome("This home wants no dogs", {**dog(APPROVED), "house": house(has_dogs=False)}),
        welcome(
            "This home wants no dogs, and the dog's approval is over",
            {**dog(DogTeam((DogPlace.WALK,), YESTERDAY)), "house": house(has_dogs=False)},
        ),
        welcome("She comes with a dog of which nobody knows", dog(None)),
        welcome("Her dog is approved, and she comes without it", dog(APPROVED, Activity.VISIT)),
    ),
)

NOBODY = Part(
    "To whom nothing is said",
    "Who is not coming in is reminded of nothing.",
    (
        goodbye("She leaves", with_row(acknowledged=None, here=came("08:00"))),
        already_in("She touches twice", with_row(acknowledged=None, here=came("10:01:30"))),
        refused(
            "Her card is lost",
            with_row(held_card(state=CardState.LOST), acknowledged=None),
            Reason.CARD_BLOCKED,
        ),
    ),
)

PARTS = (BRIEFING, RENEWAL, COURSES, ACTIVITY, NOBODY)
