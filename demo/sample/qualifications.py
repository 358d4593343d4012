"""Courses taken and missing, dogs that come along, conversations held: by the server's own
operations, on days that are the same for everybody of one number."""

from datetime import date, timedelta

from demo.sample.desk import ACTOR, Desk
from demo.sample.people import Plan
from presence.activity import Activity, DogPlace
from presence.dates import add_months
from presence.ids import VolunteerId
from server.cards.queries import SAMPLE_SOCIETY
from server.courses.models import Course, CourseKind, CourseTaken
from server.courses.services import keep_course, take_course
from server.dogs.services import keep_team
from server.people.models import Conversation, HeldBy
from server.people.services import keep_conversation

BASICS, FIRST_AID, CRISIS = "grunnkurs", "forstehjelp", "krise"
FIRST_AID_AGE = 318
"""Days since first aid is asked for: on 24 November 2026, since 10 January."""
_MISSES_EVERY = 12
"""Of the crowd every so manieth has not taken it yet."""


def add_courses(desk: Desk) -> None:
    """The society's register: one course before the card, one with a year's grace, one to wish
    for."""
    courses = (
        (BASICS, "Grunnkurs", CourseKind.BLOCKING, add_months(desk.today, -120), 0, None),
        (
            FIRST_AID,
            "Førstehjelp",
            CourseKind.GRACE,
            desk.today - timedelta(days=FIRST_AID_AGE),
            365,
            36,
        ),
        (CRISIS, "Mennesker i krise", CourseKind.RECOMMENDED, add_months(desk.today, -24), 0, None),
    )
    for course, name, kind, required_from, grace_days, validity_months in courses:
        kept = Course(
            id=course,
            society_id=SAMPLE_SOCIETY,
            name=name,
            kind=kind,
            required_from=required_from,
            grace_days=grace_days,
            validity_months=validity_months,
        )
        keep_course(desk.session, desk.ago(FIRST_AID_AGE), kept, ACTOR)


def add_qualifications(desk: Desk, plan: Plan, volunteer: VolunteerId, joined: date) -> None:
    """What a volunteer has before the card is issued, and since."""
    number = len(desk.made)
    _take(desk, volunteer, BASICS, joined)
    if not _misses_first_aid(plan, number):
        _take(desk, volunteer, FIRST_AID, desk.today - timedelta(days=40 + number * 37 % 900))
    if Activity.DOG_VISIT in (plan.activity, *plan.also):
        until = desk.today + timedelta(days=200)
        places = dict.fromkeys((DogPlace.WALK, DogPlace.COMMON_ROOM), until)
        keep_team(desk.session, desk.now, volunteer, until, places, ACTOR)
    if plan.talked is not None:
        held = Conversation(volunteer_id=volunteer, day=plan.talked, held_by=HeldBy.ACTIVITY_LEADER)
        keep_conversation(desk.session, desk.now, desk.today, held, ACTOR)


def _misses_first_aid(plan: Plan, number: int) -> bool:
    if plan.key is None:
        return number % _MISSES_EVERY == 0
    return plan.misses_first_aid


def _take(desk: Desk, volunteer: VolunteerId, course: str, day: date) -> None:
    taken = CourseTaken(volunteer_id=volunteer, course_id=course, day=day)
    take_course(desk.session, desk.now, desk.today, taken, ACTOR)
