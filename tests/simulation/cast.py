"""Who plays: two homes with three doors, and people whose names are invented."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy.orm import Session

from presence.activity import Activity
from presence.briefing import BriefingVersion
from presence.card import CardRef, ChipUid, Evidence, SignedCode, SunMessage
from presence.credential import issue_code
from presence.ids import ChapterId, InstitutionId, KioskId, VolunteerId
from presence.policy import Policy
from presence.trust import Purpose, TrustList, trust_list
from server.briefings.services import publish
from server.cards.chips import NewChip, register_chip, uid_from
from server.cards.models import ChipKind
from server.cards.services import NewCard, issue_card
from server.cards.sun import ChipKeys
from server.institutions.models import Assignment, Chapter, Institution, Society
from server.institutions.services import assign
from server.keys import Keys
from server.kiosks.services import add_kiosk
from server.people.models import Volunteer
from server.people.services import add_volunteer
from server.policies import files
from server.policies.services import keep
from tests.builders import sections, signing_key, trusted
from tests.simulation.timeline import START

CARD_KEY = signing_key(Purpose.CARD, number=1)
ROSTER_KEY = signing_key(Purpose.ROSTER, number=2)
STATUS_KEY = signing_key(Purpose.STATUS_LIST, number=3)
TRUST: TrustList = trust_list(map(trusted, (CARD_KEY, ROSTER_KEY, STATUS_KEY)))
KEYS = Keys(
    {key.purpose: key for key in (CARD_KEY, ROSTER_KEY, STATUS_KEY)},
    TRUST,
    ChipKeys(meta=bytes(16), file=bytes(16), index=bytes(32)),
)
LONG_AGO = START - timedelta(days=300)
CHAPTER = ChapterId("fjordby")

SOLBAKKEN, NORDSTRAND = InstitutionId("solbakken"), InstitutionId("nordstrand")
HOMES = (SOLBAKKEN, NORDSTRAND)
DOORS = {
    KioskId("solbakken-1"): SOLBAKKEN,
    KioskId("solbakken-2"): SOLBAKKEN,
    KioskId("nordstrand-1"): NORDSTRAND,
}
GATEWAYS = ("gateway A", "gateway B")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    number: int
    expected_at: tuple[InstitutionId, ...]
    chip: ChipKind | None = None
    """In the card, beside the code."""

    @property
    def id(self) -> VolunteerId:
        return VolunteerId(f"v-{self.number}")

    @property
    def card(self) -> CardRef:
        return CardRef(1, 1000 + self.number)

    @property
    def card_id(self) -> str:
        return f"card-{self.number}"

    @property
    def code(self) -> SignedCode:
        expires = datetime(2036, 1, 28, tzinfo=UTC)
        cti = self.number.to_bytes(8, "big")
        return SignedCode(issue_code(CARD_KEY, self.card, cti, LONG_AGO, expires))

    @property
    def chip_uid(self) -> ChipUid:
        return ChipUid(f"04A1B2C3D4E5{self.number:02X}")


PEOPLE = (
    Person("Kari", 1, HOMES, ChipKind.SUN),
    Person("Ola", 2, HOMES),
    Person("Liv", 3, (SOLBAKKEN,)),
    Person("Nils", 4, (SOLBAKKEN,), ChipKind.UID),
    Person("Anne", 5, (NORDSTRAND,)),
    Person("Per", 6, ()),
)
BY_CARD = {person.card: person for person in PEOPLE}
BY_ID = {person.id: person for person in PEOPLE}
BY_CODE = {person.code.text: person for person in PEOPLE}
BY_UID = {person.chip_uid: person for person in PEOPLE}
_OLD_CHIPS_UNTIL = START.date() + timedelta(days=365)


def shows(evidence: Evidence) -> Person:
    """Whose card it is, as far as anybody can tell."""
    match evidence:
        case SignedCode(text) | SunMessage(code=str(text)):
            return BY_CODE[text]
        case ChipUid():
            return BY_UID[evidence]
        case _:
            raise ValueError("nobody of the cast shows such a thing")


def seed(session: Session) -> None:
    """All of them as the server knows them before the history begins."""
    policies = {
        society: tuple(replace(one, uid_only_until=_OLD_CHIPS_UNTIL) for one in versions)
        for society, versions in files.shipped().items()
    }
    keep(session, LONG_AGO, policies)
    session.add(Society(id="NO", name="Besøkstjenesten", policy_id="NO"))
    session.flush()
    chapter = Chapter(
        id=CHAPTER, society_id="NO", name="Fjordby", leader_name="Liv", leader_phone="55500000"
    )
    session.add(chapter)
    for home in HOMES:
        session.add(Institution(id=home, society_id="NO", name=home.title(), zone="Europe/Oslo"))
    session.flush()
    for door, home in DOORS.items():
        add_kiosk(session, LONG_AGO, door, home, "Inngang")
    for person in PEOPLE:
        _add(session, person)
    publish_briefing(session, LONG_AGO, SOLBAKKEN, 1)


def publish_briefing(session: Session, now: datetime, home: InstitutionId, major: int) -> None:
    publish(session, now, home, BriefingVersion(major), {"nb": sections(since=major)}, "staff")


def _add(session: Session, person: Person) -> None:
    volunteer = Volunteer(
        id=person.id, first_name=person.name, last_name="Prøve", birth_date=date(1960, 5, 1)
    )
    add_volunteer(session, LONG_AGO, volunteer, CHAPTER)
    cti = person.number.to_bytes(8, "big")
    new = NewCard(
        person.card_id, person.id, CHAPTER, person.card, cti, valid_from=date(2026, 1, 29)
    )
    issue_card(session, LONG_AGO, new, Policy(), "chapter")
    if person.chip is not None:
        chip = NewChip(person.card_id, person.chip, uid_from(person.chip_uid.uid))
        register_chip(session, LONG_AGO, KEYS.chips, chip, "chapter")
    for home in person.expected_at:
        expected = Assignment(
            volunteer_id=person.id,
            institution_id=home,
            chapter_id=CHAPTER,
            activity=Activity.VISIT,
            started_on=date(2026, 1, 29),
        )
        assign(session, LONG_AGO, expected)
