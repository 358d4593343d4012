"""Writes homes, volunteers and cards, through the server's own operations."""

from datetime import UTC, datetime, time
from itertools import product

from demo.sample import briefings
from demo.sample.desk import ACTOR, Desk, Made
from demo.sample.homes import Home
from demo.sample.people import ELVEMO, FJORDBY, Plan
from demo.sample.qualifications import add_courses, add_qualifications
from demo.sample.visiting import ZONE
from presence.briefing import BriefingVersion
from presence.ids import ChapterId, VolunteerId
from presence.policy import Policy
from presence.roster import CardState
from server.briefings.services import publish
from server.cards.models import Card
from server.cards.queries import SAMPLE_SOCIETY
from server.cards.services import NewCard, issue_card, set_state
from server.institutions.models import Assignment, Chapter, Institution, Society
from server.institutions.services import assign
from server.kiosks.services import add_kiosk
from server.people.models import ChapterMembership, Volunteer
from server.people.services import add_volunteer
from server.policies import files
from server.policies.services import keep

VERSION_AGES = {1: 400, 2: 200, 3: 60}
"""Days ago on which a major version of a briefing came into force."""
_LEADERS = ((FJORDBY, "Fjordby", "Ragnhild Foss"), (ELVEMO, "Elvemo", "Omar Nygård"))


def add_chapters(desk: Desk) -> None:
    keep(desk.session, desk.now, files.shipped())
    desk.session.add(Society(id=SAMPLE_SOCIETY, name="Besøksvennene (PRØVE)", policy_id="NO"))
    desk.session.flush()
    for number, (chapter, name, leader) in enumerate(_LEADERS):
        desk.session.add(
            Chapter(
                id=ChapterId(chapter),
                society_id=SAMPLE_SOCIETY,
                name=name,
                leader_name=leader,
                leader_phone=f"+47 00 00 0{number} 10",
            )
        )
    desk.session.flush()
    add_courses(desk)


def add_home(desk: Desk, home: Home) -> None:
    """A home with its kiosk and every version of its briefing so far."""
    session = desk.session
    session.add(
        Institution(
            id=home.id,
            society_id=SAMPLE_SOCIETY,
            name=home.name,
            zone=ZONE.key,
            address=home.address,
            latitude=home.place.latitude if home.place else None,
            longitude=home.place.longitude if home.place else None,
        )
    )
    session.flush()
    add_kiosk(session, desk.ago(400), home.kiosk, home.id, f"{home.name}, inngangen")
    texts = {code: briefings.sections(home, code) for code in briefings.LANGUAGES}
    for major in range(1, briefings.major(home) + 1):
        since = desk.ago(VERSION_AGES[major])
        publish(session, since, home.id, BriefingVersion(major), texts, ACTOR)


def add_person(desk: Desk, plan: Plan) -> None:
    """A volunteer with chapters, homes and a card."""
    session = desk.session
    joined = datetime.combine(plan.valid_from, time(11), ZONE).astimezone(UTC)
    volunteer = Volunteer(
        id=VolunteerId(desk.new_id(joined)),
        first_name=plan.first_name,
        last_name=plan.last_name,
        birth_date=plan.born,
        language=plan.language,
    )
    main, *others = (ChapterId(chapter) for chapter in plan.chapters)
    add_volunteer(session, joined, volunteer, main)
    session.add_all(
        ChapterMembership(
            volunteer_id=volunteer.id, chapter_id=other, since=plan.valid_from, is_main=False
        )
        for other in others
    )
    for home, activity in product(plan.homes, (plan.activity, *plan.also)):
        expected = Assignment(
            volunteer_id=volunteer.id,
            institution_id=home.id,
            chapter_id=main,
            activity=activity,
            started_on=plan.valid_from,
        )
        assign(session, joined, expected)
    add_qualifications(desk, plan, volunteer.id, plan.valid_from)
    card = _add_card(desk, plan, volunteer.id, joined) if plan.has_card else None
    desk.made.append(Made(plan, volunteer.id, card))


def _add_card(desk: Desk, plan: Plan, volunteer: VolunteerId, issued: datetime) -> Card:
    new = NewCard(
        id=desk.new_id(issued),
        volunteer=volunteer,
        chapter=ChapterId(plan.chapters[0]),
        place=next(desk.places),
        cti=desk.random.randbytes(8),
        valid_from=plan.valid_from,
    )
    card = issue_card(desk.session, issued, new, Policy(), ACTOR)
    if plan.valid_until is not None:
        card.valid_until = plan.valid_until
    if plan.state is not CardState.ACTIVE:
        set_state(desk.session, desk.ago(plan.blocked_days), card.id, plan.state, ACTOR)
    return card
