"""At the end, when all is mended and quiet: do the books balance?

What is expected comes from the entries that the kiosks committed, and from nothing else.
"""

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec
from presence.ids import InstitutionId, VisitId
from presence.messages import Briefings
from presence.roster import digest
from presence.visit import Visit
from server.briefings.services import in_force
from server.db import reading
from server.institutions import queries
from server.institutions.services import house
from server.kiosks.roster import rows_of
from server.visits.models import EventRow, VisitRow
from tests.simulation import cast, expectation
from tests.simulation.cast import Person
from tests.simulation.expectation import Whose
from tests.simulation.kiosk import SimulatedKiosk
from tests.simulation.rule import Rule
from tests.simulation.watch import Watch
from tests.simulation.world import World

_OF_VISIT = tuple(field for field in Visit.__struct_fields__ if field != "id")


def balance(world: World) -> None:
    """Tell the watch of every rule that does not hold now."""
    with reading(world.database.engine) as session:
        _once(session, world.watch)
        _outboxes(world)
        expected = expectation.visits_of(session, world.watch, world.timeline.wall)
        _visits(session, world.watch, expected)
        _roll_call(session, world, expected)
        for kiosk in world.kiosks.values():
            _roster(session, world, kiosk)
            _knowledge(world.watch, kiosk, expected)


def _once(session: Session, watch: Watch) -> None:
    stored = {row.id: row.raw for row in session.execute(sa.select(EventRow.id, EventRow.raw))}
    for event, kept in watch.entries.items():
        if stored.pop(event, None) != kept.body:
            how = f"{kept.person.name}'s entry {event} of {kept.kiosk} is missing or another"
            watch.broke(Rule.EXACTLY_ONCE, how)
    for event in stored:
        watch.broke(Rule.EXACTLY_ONCE, f"the server has an event {event} that no kiosk committed")


def _outboxes(world: World) -> None:
    for kiosk in world.kiosks.values():
        if kiosk.program is None:
            continue
        depth = kiosk.program.files.outbox.depth()
        poison = world.watch.doors[kiosk.name].poison
        if depth.waiting or depth.parked != poison:
            how = f"{depth.waiting} wait at {kiosk.name}, {depth.parked} are parked"
            world.watch.broke(Rule.OUTBOX_EMPTIES, f"{how}, {poison} cannot be read")


def _visits(session: Session, watch: Watch, expected: Mapping[Whose, tuple[Visit, ...]]) -> None:
    stored: dict[Whose, list[Visit]] = defaultdict(list)
    for row in session.scalars(sa.select(VisitRow).order_by(VisitRow.began, VisitRow.id)):
        columns = {name: getattr(row, name) for name in _OF_VISIT}
        visit = Visit(VisitId(row.visit), **columns)
        stored[row.institution_id, row.volunteer_id].append(visit)
    for whose in sorted({*stored, *expected}):
        theirs, wanted = stored.get(whose, []), expected.get(whose, ())
        if sorted(map(str, theirs)) != sorted(map(str, wanted)):
            home, who = whose[0], cast.BY_ID[whose[1]].name
            told = "; ".join(map(_in_words, theirs)) or "none"
            right = "; ".join(map(_in_words, wanted)) or "none"
            watch.broke(Rule.VISITS, f"{who} at {home} has the visits {told}, expected: {right}")


def _roll_call(session: Session, world: World, expected: Mapping[Whose, tuple[Visit, ...]]) -> None:
    for home in cast.HOMES:
        board = queries.board(session, home, world.timeline.wall)
        guests = [*board.on_site, *board.possible] if board else []
        listed = [guest.name for guest in guests]
        for person in cast.PEOPLE:
            if _is_in(expected, home, person) and listed.count(f"{person.name} P.") != 1:
                how = f"{person.name} is recorded as in at {home} and stands there"
                times = listed.count(f"{person.name} P.")
                world.watch.broke(Rule.ROLL_CALL, f"{how} {times} times")


def _roster(session: Session, world: World, kiosk: SimulatedKiosk) -> None:
    if kiosk.program is None:
        return
    now, home = world.timeline.wall, kiosk.home
    wanted = digest(house(session, home, now), rows_of(session, home, now))
    briefings = Briefings(kiosk=kiosk.name, briefings=in_force(session, home))
    roster, texts = kiosk.program.files.roster.digests()
    if roster != wanted:
        world.watch.broke(Rule.ROSTERS_AGREE, f"{kiosk.name} holds another roster")
    if texts != codec.digest(briefings):
        world.watch.broke(Rule.ROSTERS_AGREE, f"{kiosk.name} holds another briefing")


def _knowledge(
    watch: Watch, kiosk: SimulatedKiosk, expected: Mapping[Whose, tuple[Visit, ...]]
) -> None:
    if kiosk.program is None:
        return
    for person in cast.PEOPLE:
        row = kiosk.program.files.roster.row(person.card)
        is_in = row is not None and row.here.visit is not None
        if is_in != _is_in(expected, kiosk.home, person):
            how = f"{kiosk.name} believes that {person.name} is {'in' if is_in else 'out'}"
            watch.broke(Rule.KIOSK_KNOWS, how)


def _is_in(
    expected: Mapping[Whose, tuple[Visit, ...]], home: InstitutionId, person: Person
) -> bool:
    stays = expected.get((home, person.id), ())
    return bool(stays) and stays[-1].is_current


def _in_words(visit: Visit) -> str:
    times = [f"{time:%H:%M:%S}" if time else "?" for time in (visit.arrived, visit.left)]
    return f"{visit.state} {times[0]} to {times[1]} (UTC)"
