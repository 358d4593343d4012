"""Kiosks learn what they need when they are alone: all of it when asked, the news by itself."""

from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa

from presence import codec, cose
from presence.briefing import BriefingVersion
from presence.ids import KioskId, VolunteerId
from presence.messages import Briefings, ClockTrust, Have, Heartbeat, Link, ReaderState, Roster
from presence.roster import CardState, RosterRow, digest
from presence.topics import DOWN_LIMIT, Leaf
from presence.trust import Purpose
from presence.visit import VisitState
from server.briefings.services import publish
from server.broker import Broker
from server.cards.services import report_lost
from server.db import reading, writing
from server.institutions.services import house
from server.keys import Keys
from server.kiosks.models import Kiosk
from server.kiosks.roster import rows_of
from tests.builders import sections
from tests.integration.server_stand import (
    BOOT,
    DOOR,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    RawKiosk,
    arrived,
    card_id,
    entry,
    gateway,
    place,
    volunteer,
)


def have(kiosk: KioskId, roster: str | None = None, briefings: str | None = None) -> bytes:
    return codec.encode(Have(kiosk=kiosk, roster=roster, briefings=briefings))


def read_roster(kiosk: RawKiosk, keys: Keys) -> Roster:
    """The next roster, opened as a kiosk does: the right key, the right purpose, meant for it."""
    message = kiosk.next(Leaf.ROSTER)
    assert message is not None, "no roster"
    signed = bytes(message.payload)
    opened = cose.open_message(signed, Purpose.ROSTER, kiosk.kiosk, keys.trust)
    assert opened.issued == NOW
    return codec.decode(Roster, opened.payload, DOWN_LIMIT)


def next_roster(kiosk: RawKiosk, keys: Keys) -> Roster:
    """The next roster with something in it: a greeting only names the digest."""
    roster = read_roster(kiosk, keys)
    while not (roster.whole or roster.rows or roster.gone or roster.house.briefing):
        roster = read_roster(kiosk, keys)
    return roster


class Held:
    """What a kiosk holds after the rosters that it was sent."""

    def __init__(self) -> None:
        self.rows: dict[VolunteerId, RosterRow] = {}

    def apply(self, roster: Roster) -> bool:
        rows = {} if roster.whole else self.rows
        rows |= {row.volunteer: row for row in roster.rows}
        self.rows = {one: row for one, row in rows.items() if one not in roster.gone}
        return digest(roster.house, self.rows.values()) == roster.digest


def test_a_kiosk_that_has_nothing_is_sent_everything(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.HAVE, have(DOOR))
        briefings = kiosk.next(Leaf.BRIEFING)
        roster = next_roster(kiosk, keys)
    assert roster.whole
    assert Held().apply(roster)
    assert [row.volunteer for row in roster.rows] == [volunteer(number) for number in range(3)]
    assert roster.house.institution == SOLBAKKEN
    assert briefings is not None
    assert codec.decode(Briefings, bytes(briefings.payload), DOWN_LIMIT).briefings == ()


def test_a_kiosk_that_has_everything_is_sent_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    nothing = sha256(codec.encode(Briefings(kiosk=DOOR, briefings=()))).hexdigest()
    with RawKiosk(broker.port) as kiosk, gateway(engine, keys, broker.port):
        greeting = read_roster(kiosk, keys)
        kiosk.say(Leaf.HAVE, have(DOOR, greeting.digest, nothing))
        assert kiosk.next(Leaf.ROSTER, seconds=0.3) is None
        kiosk.say(Leaf.HAVE, have(DOOR, greeting.digest, nothing))
        assert kiosk.next(Leaf.BRIEFING, seconds=0.3) is None


def test_a_gateway_that_comes_late_tells_the_kiosks_what_they_should_hold(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    """What a kiosk said before is lost; from the digest it learns that it must say it again."""
    with RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.HAVE, have(DOOR))
        with gateway(engine, keys, broker.port):
            greeting = read_roster(kiosk, keys)
    with reading(engine) as session:
        held = digest(house(session, SOLBAKKEN, NOW), rows_of(session, SOLBAKKEN, NOW))
    assert (greeting.whole, greeting.rows, greeting.digest) == (False, (), held)


def test_a_card_reported_lost_on_the_pages_reaches_the_kiosk_by_itself(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    held = Held()
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.HAVE, have(DOOR))
        assert held.apply(next_roster(kiosk, keys))
        with writing(engine) as session, session.begin():
            report_lost(session, NOW, card_id(1), "chapter")
        news = next_roster(kiosk, keys)
    assert not news.whole
    assert [row.volunteer for row in news.rows] == [volunteer(1)]
    assert news.rows[0].version > held.rows[volunteer(1)].version
    assert held.apply(news)
    card = held.rows[volunteer(1)].card(place(1))
    assert card is not None
    assert card.state is CardState.LOST


def test_a_visit_told_by_one_kiosk_reaches_the_home_and_not_the_other_one(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port) as here,
        RawKiosk(broker.port, OTHER_DOOR) as there,
    ):
        here.tell(entry(arrived(0)))
        news = next_roster(here, keys)
        there.say(Leaf.HAVE, have(OTHER_DOOR))
        elsewhere = next_roster(there, keys)
    assert elsewhere.whole
    assert elsewhere.rows == ()
    (row,) = news.rows
    assert row.volunteer == volunteer(0)
    assert row.here.visit is not None
    assert row.here.visit.state is VisitState.OPEN


def test_who_is_no_longer_of_this_home_is_named_as_gone(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port, OTHER_DOOR) as there:
        long_ago = NOW - timedelta(days=91)
        there.tell(entry(arrived(0), long_ago))
        news = next_roster(there, keys)
    assert (news.rows, news.gone) == ((), (volunteer(0),))


def test_a_published_briefing_reaches_the_kiosk_with_its_new_version(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        with writing(engine) as session, session.begin():
            texts = {"nb": sections(), "en": sections()}
            publish(session, NOW, SOLBAKKEN, BriefingVersion(3), texts, "institution")
        message = kiosk.next(Leaf.BRIEFING)
        news = next_roster(kiosk, keys)
    assert message is not None
    briefings = codec.decode(Briefings, bytes(message.payload), DOWN_LIMIT).briefings
    assert [(one.language, one.version) for one in briefings] == [
        ("en", BriefingVersion(3)),
        ("nb", BriefingVersion(3)),
    ]
    assert news.house.briefing == BriefingVersion(3)


def test_what_was_committed_while_no_gateway_ran_is_told_by_the_next_one(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(arrived(0)))
        next_roster(kiosk, keys)
    with writing(engine) as session, session.begin():
        report_lost(session, NOW, card_id(2), "chapter")
    with RawKiosk(broker.port) as kiosk, gateway(engine, keys, broker.port):
        news = next_roster(kiosk, keys)
    assert [row.volunteer for row in news.rows] == [volunteer(2)]


def test_heartbeats_and_links_are_kept_whatever_order_they_come_in(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    def heartbeat(minutes: int, depth: int) -> bytes:
        message = Heartbeat(
            kiosk=DOOR,
            at=NOW + timedelta(minutes=minutes),
            boot=BOOT,
            program="0.1.0",
            uptime_ms=1000,
            outbox_depth=depth,
            oldest_entry_ms=None,
            parked=0,
            unreadable=2,
            trust=ClockTrust.SYNCED,
            readers={"pn532": ReaderState.READY},
            roster_issued=None,
            free_disk_mb=500,
        )
        return codec.encode(message)

    def link(connection: int, *, is_up: bool) -> bytes:
        return codec.encode(Link(kiosk=DOOR, is_up=is_up, connection=connection))

    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.HEARTBEAT, heartbeat(1, depth=4))
        kiosk.say(Leaf.HEARTBEAT, heartbeat(0, depth=9))
        kiosk.say(Leaf.LINK, link(2, is_up=True))
        kiosk.say(Leaf.LINK, link(1, is_up=False))
        kiosk.tell(entry(arrived(0)))
    with reading(engine) as session:
        kept = session.get(Kiosk, DOOR)
        assert kept is not None
        assert (kept.outbox_depth, kept.unreadable, kept.readers) == (4, 2, '{"pn532":"ready"}')
        assert (kept.is_linked, kept.connection) == (True, 2)


def test_the_end_of_a_connection_outweighs_its_beginning(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        for is_up in (False, True):
            message = Link(kiosk=DOOR, is_up=is_up, connection=7)
            kiosk.say(Leaf.LINK, codec.encode(message))
        kiosk.tell(entry(arrived(0)))
    with reading(engine) as session:
        kept = session.get(Kiosk, DOOR)
        assert kept is not None
        assert not kept.is_linked
