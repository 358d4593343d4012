"""Small builders for what the rule and the contract speak about. All people are invented.

Every builder gives the plain case: a volunteer with a valid card, nothing due, nobody on site.
A test names only what is different in its own case.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.briefing import (
    MANDATORY,
    MAX_SCREENS,
    Acknowledgement,
    BriefingVersion,
    Section,
)
from presence.card import Assurance, CardRef, Credential, SunMessage
from presence.facts import Facts
from presence.ids import EventId, InstitutionId, KioskId, PresentationId, VisitId, VolunteerId
from presence.policy import Policy
from presence.roster import (
    NOTHING_UNSETTLED,
    CardState,
    Contact,
    HeldCard,
    House,
    RosterRow,
)
from presence.trust import Purpose, SigningKey, TrustedKey
from presence.verdict import Basis
from presence.visit import (
    Arrival,
    Departure,
    Fact,
    Here,
    Outing,
    SeenElsewhere,
    StaffWord,
    StayRules,
    here_after,
)
from server.cards.sun import ChipKeys
from tests.hardware_mocks.card_ntag424 import card_key, picc_data, sun_mac

OSLO = ZoneInfo("Europe/Oslo")
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 2, tzinfo=UTC)
"""Tuesday, two minutes past ten in the morning at the home."""

KIOSK = KioskId("solbakken-1")
CARD = CardRef(3, 123456)
LEADER = Contact("Berit Lunde", "+47 55 01 02 03")


def oslo(text: str, day: date = TODAY) -> datetime:
    """A clock time of Oslo ("10:02" or "10:02:59") on `day`, in UTC."""
    return datetime.fromisoformat(f"{day} {text}").replace(tzinfo=OSLO).astimezone(UTC)


def uuid_text(number: int) -> str:
    """A UUIDv7-shaped id that shows its number at the end."""
    return f"01a20cc8-8e80-7000-8000-{number:012x}"


def event_id(number: int) -> EventId:
    return EventId(uuid_text(number))


def visit_id(number: int) -> VisitId:
    return VisitId(uuid_text(0xF000_0000_0000 + number))


def presentation_id(number: int) -> PresentationId:
    return PresentationId(uuid_text(0xA000_0000_0000 + number))


def arrival(
    at: datetime, number: int, *, is_vigil: bool = False, heard: datetime | None = None
) -> Arrival:
    return Arrival(at, event_id(number), visit_id(number), is_vigil, heard)


def departure(at: datetime, number: int, *, doubtful: bool = False) -> Departure:
    return Departure(at, event_id(number), doubtful)


def went_out(at: datetime, number: int) -> Outing:
    return Outing(at, event_id(number), is_out=True)


def came_back(at: datetime, number: int) -> Outing:
    return Outing(at, event_id(number), is_out=False)


def seen_elsewhere(at: datetime, number: int) -> SeenElsewhere:
    return SeenElsewhere(at, event_id(number))


def staff_said(at: datetime, number: int, *, is_here: bool) -> StaffWord:
    return StaffWord(at, event_id(number), is_here)


RULES = StayRules(OSLO, timedelta(minutes=15), time(3), timedelta(hours=24))
"""Of stays at a home in Norway."""


def here(*facts: Fact) -> Here:
    return here_after(Here(), facts, RULES)


def signing_key(purpose: Purpose = Purpose.CARD, number: int = 1) -> SigningKey:
    """The same key at every call: its secret is its number, so never use it outside tests."""
    private_key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return SigningKey(bytes([number]), private_key, purpose)


def trusted(key: SigningKey, **changes: Any) -> TrustedKey:
    """The public half of `key`, believed from 2020 to 2040."""
    plain = TrustedKey(
        key.kid,
        key.private_key.public_key(),
        key.purpose,
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2040, 1, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(plain, **changes)


def credential(**changes: Any) -> Credential:
    plain = Credential(
        card=CARD,
        cti=bytes.fromhex("0011223344556677"),
        issued=datetime(2026, 1, 10, tzinfo=UTC),
        expires=datetime(2031, 1, 10, tzinfo=UTC),
        key=b"\x01",
    )
    return msgspec.structs.replace(plain, **changes)


def held_card(**changes: Any) -> HeldCard:
    plain = HeldCard(CARD, CardState.ACTIVE, date(2026, 1, 10), date(2029, 1, 10))
    return msgspec.structs.replace(plain, **changes)


def acknowledged(major: int = 3, at: datetime = NOW - timedelta(days=30)) -> Acknowledgement:
    return Acknowledgement(major, at)


def sections(since: int = 1) -> tuple[Section, ...]:
    """A whole briefing in as many screens as there may be, one line on each; the last screen covers
    what is left."""
    last = MAX_SCREENS - 1
    subjects = [*((subject,) for subject in MANDATORY[:last]), MANDATORY[last:]]
    return tuple(Section(covers, covers[0].value, ("En linje.",), since) for covers in subjects)


def roster_row(card: HeldCard | None = None, **changes: Any) -> RosterRow:
    plain = RosterRow(
        volunteer=VolunteerId("v-0001"),
        version=7,
        first_name="Kari",
        initial="N",
        language="nb",
        cards=(card or held_card(),),
        leader=LEADER,
        acknowledged=acknowledged(),
    )
    return msgspec.structs.replace(plain, **changes)


def house(**changes: Any) -> House:
    """Solbakken, which shows briefing version 3."""
    plain = House(
        InstitutionId("solbakken"), "Solbakken", "Europe/Oslo", Policy(), BriefingVersion(3)
    )
    return msgspec.structs.replace(plain, **changes)


def facts(basis: Basis = Basis.LIVE, **changes: Any) -> Facts:
    """A tap at NOW at Solbakken, ten hours after the kiosk was switched on."""
    plain = Facts(
        credential=credential(),
        assurance=Assurance.A1,
        row=roster_row(),
        unsettled=NOTHING_UNSETTLED,
        house=house(),
        zone=OSLO,
        basis=basis,
        presented=NOW,
        uptime=timedelta(hours=10),
        as_of=None if basis is Basis.LIVE else NOW - timedelta(minutes=2),
    )
    return replace(plain, **changes)


def sun_message(keys: ChipKeys, uid: bytes, counter: int, code: str | None = None) -> SunMessage:
    """What a chip of ours says at its read of that number, as the emulated one makes it."""
    picc = picc_data(keys.meta, uid, counter, b"\x5a" * 5)
    mac = sun_mac(card_key(keys.file, uid), uid, counter)
    return SunMessage(picc.hex().upper(), mac.hex().upper(), code)
