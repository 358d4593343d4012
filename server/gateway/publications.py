"""What kiosks are told without asking: whatever changed of what they need when they are alone.

Nothing depends on a single publication arriving. A kiosk says what it has on every connection, and
is sent what differs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec, cose
from presence.ids import InstitutionId, KioskId, VolunteerId
from presence.messages import Briefings, Have, Receipts, Roster
from presence.roster import House, RosterRow, digest
from presence.topics import DOWN_LIMIT, Leaf
from presence.trust import SigningKey
from server import changes
from server.briefings.services import in_force
from server.changes import Change, ChangeKind
from server.institutions.models import Institution
from server.institutions.services import HOMES, HOUSE, house, house_from
from server.kiosks.models import Kiosk
from server.kiosks.roster import homes_of, rows_of

ENVELOPE_BYTES = 4096
"""Room for what stands around the rows: the home, the digest, the signature."""

_ROW_CHANGES = frozenset(
    {ChangeKind.VISIT, ChangeKind.CARD, ChangeKind.VOLUNTEER, ChangeKind.ASSIGNMENT}
)
_HOUSE_CHANGES = frozenset({ChangeKind.BRIEFING, ChangeKind.HOUSE})

Publish = Callable[[KioskId, Leaf, bytes], None]


@dataclass(slots=True)
class _News:
    """What changed at one home."""

    volunteers: set[VolunteerId]
    has_new_house: bool = False


class Publications:
    """Turns changes into rosters and briefings for the kiosks concerned."""

    def __init__(self, key: SigningKey, publish: Publish) -> None:
        self._key = key
        self._publish = publish

    def answer_have(self, session: Session, now: datetime, have: Have) -> None:
        """Send a kiosk what differs from what it says it has."""
        institution = session.scalars(_home_of, {"kiosk": have.kiosk}).one_or_none()
        if institution is None:
            return
        home, rows = house(session, institution, now), rows_of(session, institution, now)
        # The text first: a roster whose home has a newer briefing makes the kiosk ask for it.
        briefings = _briefings(session, have.kiosk, institution)
        if have.briefings != codec.digest(briefings):
            self._publish(have.kiosk, Leaf.BRIEFING, codec.encode(briefings))
        if have.roster != digest(home, rows):
            self._send_whole(now, have.kiosk, home, rows)

    def tell(self, session: Session, now: datetime, news: Sequence[Change]) -> None:
        """Send what changed to every kiosk that it concerns."""
        for institution, what in _by_home(session, news).items():
            kiosks = session.scalars(_kiosks_of, {"institution": institution}).all()
            if kiosks:
                self._tell_home(session, now, institution, what, kiosks)

    def greet(self, session: Session, now: datetime, institution: InstitutionId) -> None:
        """Tell a home's kiosks what they should hold. Who holds something else asks for all: what
        was said while no gateway listened is made up for."""
        kiosks = session.scalars(_kiosks_of, {"institution": institution}).all()
        self._tell_home(session, now, institution, _News(set()), kiosks)

    def settle(self, kiosk: KioskId, receipts: Receipts) -> None:
        """Tell a kiosk which of its entries are dealt with."""
        self._publish(kiosk, Leaf.RECEIPTS, codec.encode(receipts))

    def _tell_home(
        self,
        session: Session,
        now: datetime,
        institution: InstitutionId,
        news: _News,
        kiosks: Sequence[KioskId],
    ) -> None:
        home, rows = house(session, institution, now), rows_of(session, institution, now)
        changed = tuple(row for row in rows if row.volunteer in news.volunteers)
        gone = tuple(sorted(news.volunteers - {row.volunteer for row in changed}))
        held = digest(home, rows)
        for kiosk in kiosks:
            if news.has_new_house:
                briefings = _briefings(session, kiosk, institution)
                self._publish(kiosk, Leaf.BRIEFING, codec.encode(briefings))
            message = Roster(
                kiosk=kiosk, whole=False, house=home, rows=changed, gone=gone, digest=held
            )
            self._send(now, message)

    def _send_whole(
        self, now: datetime, kiosk: KioskId, home: House, rows: Sequence[RosterRow]
    ) -> None:
        """The first part replaces all that the kiosk has, the others add to it. Only the last one
        names the digest, for only then is it whole."""
        pieces = list(parts(rows))
        for number, part in enumerate(pieces):
            is_last = number == len(pieces) - 1
            message = Roster(
                kiosk=kiosk,
                whole=number == 0,
                house=home,
                rows=part,
                digest=digest(home, rows) if is_last else "",
            )
            self._send(now, message)

    def _send(self, now: datetime, message: Roster) -> None:
        signed = cose.sign_message(codec.encode(message), self._key, message.kiosk, now)
        self._publish(message.kiosk, Leaf.ROSTER, signed)


def parts(rows: Iterable[RosterRow]) -> Iterator[tuple[RosterRow, ...]]:
    """The rows in parts that fit into a message each; one empty part where there are none."""
    part: list[RosterRow] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row)) + 1
        if part and size + length > DOWN_LIMIT - ENVELOPE_BYTES:
            yield tuple(part)
            part, size = [], 0
        part.append(row)
        size += length
    yield tuple(part)


def _by_home(session: Session, news: Sequence[Change]) -> dict[InstitutionId, _News]:
    found: dict[InstitutionId, _News] = {}
    for change in news:
        for institution in _homes_concerned(session, change):
            what = found.setdefault(institution, _News(set()))
            if change.volunteer_id is not None:
                what.volunteers.add(change.volunteer_id)
            what.has_new_house |= change.kind in _HOUSE_CHANGES
    return found


def _homes_concerned(session: Session, change: Change) -> Sequence[InstitutionId]:
    if change.kind in _ROW_CHANGES and change.volunteer_id is not None:
        if change.institution_id is not None:
            return (change.institution_id,)
        return homes_of(session, change.volunteer_id)
    if change.kind in _HOUSE_CHANGES:
        if change.institution_id is not None:
            return (change.institution_id,)
        return session.scalars(_all_homes).all()
    return ()


def homes_with_kiosks(session: Session) -> Sequence[InstitutionId]:
    return session.scalars(_homes_with_kiosks).all()


def under_new_policy(session: Session, since: datetime, now: datetime) -> Sequence[InstitutionId]:
    """The homes with kiosks at which another version of the policy took effect after `since`: it
    was midnight there."""
    rows = session.execute(_houses_with_kiosks).all()
    pairs = ((house_from(since, row), house_from(now, row)) for row in rows)
    return [today.institution for then, today in pairs if then.policy != today.policy]


def _briefings(session: Session, kiosk: KioskId, institution: InstitutionId) -> Briefings:
    return Briefings(kiosk=kiosk, briefings=in_force(session, institution))


_home_of = sa.select(Kiosk.institution_id).where(Kiosk.id == sa.bindparam("kiosk"))
_kiosks_of = (
    sa.select(Kiosk.id)
    .where(Kiosk.institution_id == sa.bindparam("institution"))
    .order_by(Kiosk.id)
)
_homes_with_kiosks = sa.select(Kiosk.institution_id).distinct().order_by(Kiosk.institution_id)
_houses_with_kiosks = (
    sa.select(*HOUSE).select_from(HOMES).where(Institution.id.in_(sa.select(Kiosk.institution_id)))
)
_all_homes = sa.select(Institution.id)

CURSOR = "publications"


class Reader:
    """Reads the changes in order, and remembers across restarts how far it came."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._saved: int | None = None

    def begin(self, session: Session) -> None:
        """Find the place to read on from. What is committed after this is news."""
        self._last = changes.come_to(session, CURSOR)

    def news(self, session: Session) -> Sequence[Change]:
        """What is new since `begin` or the last `done`."""
        if self._last is None:
            self.begin(session)
        return changes.after(session, self._last or 0)

    def done(self, news: Sequence[Change]) -> None:
        self._last = news[-1].id

    @property
    def is_unsaved(self) -> bool:
        return self._last != self._saved

    def save(self, session: Session) -> None:
        """Write down how far it is. What is not written down is read, and told, once more."""
        if self._last is not None:
            changes.keep_place(session, CURSOR, self._last)
            self._saved = self._last
