"""What the scenarios act with: a home's door, somebody there, staff, and the server's ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from demo.child import Report
from demo.desk import Desk, Person
from demo.eyes import PATIENCE, Eyes, View, said
from demo.sample.homes import NORDSTRAND, SOLBAKKEN, Home
from demo.staff import Guest, Staff
from demo.story.book import Book
from demo.story.ledger import Ledger
from demo.story.office import Office
from presence.ids import InstitutionId
from tests.hardware_mocks.card_model import Card

ZONE = ZoneInfo("Europe/Oslo")
DAY = date(2026, 11, 24)
"""Tuesday, on which every story begins."""
HOMES: Sequence[InstitutionId] = (SOLBAKKEN.id, NORDSTRAND.id)
"""Those with a door in the story; it is told at the first of them."""
RISING, FALLING = [660.0, 990.0], [990.0, 660.0]
LOW_DOUBLE = [520.0, 520.0]
_CLICK = 1000.0


@dataclass(frozen=True, slots=True)
class Tap:
    """What one presentation brought."""

    view: View
    seconds: float
    """From the card in the reader's field to the words on the screen, in the desk's time."""
    lamp: str
    sounds: list[float]
    """Pitches in Hz, without the click of reading."""

    @property
    def said(self) -> str:
        return said(self.view)

    @property
    def title(self) -> str:
        return str(self.view["title"])

    @property
    def lines(self) -> list[str]:
        """What stands under the title."""
        return list(self.view["lines"])


@dataclass(frozen=True, slots=True)
class Party:
    """Everybody who is at no door."""

    desk: Desk
    book: Book
    ledger: Ledger
    staff: Staff
    office: Office


class Stage:
    """A kiosk at one home's door, and everybody who has to do with it."""

    def __init__(self, home: InstitutionId, party: Party) -> None:
        self.home, self.desk, self.door = home, party.desk, party.desk.doors[home]
        self.book, self.ledger = party.book, party.ledger
        self.staff, self.office = party.staff, party.office
        self.eyes: Eyes = self.door.eyes()
        self.others: dict[InstitutionId, Stage] = {}

    def at(self, home: Home) -> "Stage":
        """The same at another home's door."""
        return self.others[home.id]

    # --- time --------------------------------------------------------------------------------

    def it_is(self, hour: int, minute: int, second: float = 0, day: date | None = None) -> datetime:
        """Move the desk's clock to this time at the home, today or on a later day."""
        day = day or self.desk.clock.now().astimezone(ZONE).date()
        moment = datetime.combine(day, time(hour, minute), ZONE) + timedelta(seconds=second)
        self.desk.clock.set(moment)
        return moment

    def later(self, **time: float) -> None:
        self.desk.clock.advance(timedelta(**time))

    # --- at the door -------------------------------------------------------------------------

    def tap(self, person: Person) -> Tap:
        """Hold the card to the reader until the screen has answered, and take it away."""
        return self.hold(person.nfc_card())

    def hold(self, card: Card) -> Tap:
        """The same with anything that a reader's antenna meets."""
        reader = self.door.reader
        return self._present("pn532", lambda: reader.hold(card), reader.lift)

    def show(self, code: str) -> Tap:
        """Hold a code, on whatever it is, before the camera until the screen has answered, and take
        it away."""
        camera = self.door.camera
        return self._present("camera", lambda: camera.show(code), camera.clear)

    def _present(self, reader: str, hold: Callable[[], None], lift: Callable[[], None]) -> Tap:
        """Returns when the reader has noticed that it is gone, and all is said."""
        seen, heard = self.eyes.seen, len(self.door.process.reports)
        begin = self.desk.clock.now()
        hold()
        try:
            view = self.eyes.wait_for(is_verdict, "verdict", seen)
            seconds = (self.desk.clock.now() - begin).total_seconds()
        finally:
            lift()
        self.door.process.wait_for(_is_gone_from(reader), "empty reader", PATIENCE, heard)
        return Tap(view, seconds, *self._signal(heard))

    def idle(self) -> View:
        """Wait until the screen rests again, whatever the clock says by then."""
        return self.eyes.wait_for(is_idle, "resting screen", self.eyes.seen - 1)

    def rest(self) -> None:
        """Let what was said have its time, and wait until the screen rests."""
        self.later(seconds=21)
        self.idle()

    def disconnect(self) -> None:
        """Pull the network cable, and wait until the kiosk has noticed."""
        mark = self.eyes.seen
        self.door.cut_network()
        self.eyes.wait_for(is_offline, "sign of no network", mark)

    def reconnect(self) -> None:
        """Put the cable back at a resting kiosk, and wait until it has its server again: it tries
        once a minute at least."""
        mark = self.eyes.seen
        self.door.mend_network()
        self.eyes.wait_for(is_online, "rest without the sign", mark, seconds=75)

    def look_again(self) -> None:
        """The kiosk was started afresh: look at its new screen."""
        self.eyes.close()
        self.eyes = self.door.eyes()

    def await_heartbeat(self) -> None:
        """Wait until the kiosk has done whatever was due by now: a heartbeat tells of it."""
        now, kiosk = self.desk.clock.now(), self.door.kiosk
        self.ledger.wait_for(
            lambda: self.ledger.heartbeat(kiosk), lambda at: at is not None and at >= now
        )

    def recover(self) -> None:
        """After a scenario that went wrong: give the next one a kiosk that runs and a network."""
        self.door.reader.lift()
        self.door.camera.clear()
        self.door.reader.power_cycle()
        self.door.mend_network()
        if self.door.is_alarm:
            self.door.alarm(is_raised=False)
        if not self.door.has_power:
            self.door.power_on()
        self.look_again()

    def close(self) -> None:
        self.eyes.close()

    def _signal(self, since: int) -> tuple[str, list[float]]:
        """Wait for the two tones of a verdict and the silence after them. Returns which lamps were
        lit then, and the tones."""
        lit = dict.fromkeys(("green", "amber", "red"), 0.0)
        tones: list[float] = []
        seen = 0

        def is_all_said(report: Report) -> bool:
            nonlocal seen
            seen += 1
            lamp, level = str(report.get("lamp")), float(report.get("level", 0.0))
            if report["kind"] == "ready":  # the power was away
                lit.update(dict.fromkeys(lit, 0.0))
            elif lamp in lit:
                lit[lamp] = level
            elif lamp == "buzzer" and seen > since:
                tones.extend([level] if level not in (0.0, _CLICK) else [])
                return level == 0.0 and len(tones) >= len(RISING)
            return False

        self.door.process.wait_for(is_all_said, "sound of a verdict", PATIENCE)
        return " and ".join(name for name, level in lit.items() if level) or "none", tones

    # --- staff -------------------------------------------------------------------------------

    def board(self, is_it: Callable[[dict[str, list[str]]], bool]) -> dict[str, list[str]]:
        """The home's board, looked at until it `is_it`, or for as long as
        patience lasts."""
        return self.ledger.wait_for(lambda: self.staff.board(self.home), is_it)

    def guest(self, name: str, is_it: Callable[[Guest], bool]) -> Guest:
        """Somebody's line on the home's board, looked at in the same way."""
        return self.ledger.wait_for(lambda: self.staff.guest(self.home, name), is_it)


def clock(moment: datetime | None) -> str | None:
    """A time as the clock at the home shows it."""
    return None if moment is None else f"{moment.astimezone(ZONE):%H:%M}"


def is_verdict(view: View) -> bool:
    return view["key"] in ("told", "cannot_read")


def is_idle(view: View) -> bool:
    return bool(view["key"] == "idle")


def is_offline(view: View) -> bool:
    return is_idle(view) and bool(view["signs"])


def is_online(view: View) -> bool:
    return is_idle(view) and not view["signs"]


def stages(party: Party) -> dict[InstitutionId, Stage]:
    """One for each door of the desk; each knows the others."""
    found = {home: Stage(home, party) for home in party.desk.doors}
    for stage in found.values():
        stage.others = found
    return found


def _is_gone_from(reader: str) -> Callable[[Report], bool]:
    return lambda report: report.get("reader") == reader and report.get("event") == "Removed"
