"""What the scenarios act with: the desk, somebody at the door, staff, and the server's ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from demo.desk import HOME, KIOSK, Desk, Person
from demo.eyes import Eyes, View
from demo.staff import Staff
from demo.story.book import Book
from demo.story.ledger import Ledger

ZONE = ZoneInfo("Europe/Oslo")
DAY = date(2026, 11, 24)
RISING, FALLING = [660.0, 990.0], [990.0, 660.0]
LOW_DOUBLE = [520.0, 520.0]
_CLICK = 1000.0
_LOOKS = 12
"""A card is gone for the reader after a few looks without it."""


@dataclass(frozen=True, slots=True)
class Tap:
    """What one presentation brought."""

    view: View
    seconds: float
    """From the card in the reader's field to the words on the screen, in the desk's time."""
    lamp: str
    sounds: list[float]
    """Pitches in Hz, without the click of reading."""


class Stage:
    """One kiosk's door at Solbakken, and everybody who has to do with it."""

    def __init__(self, desk: Desk, book: Book, ledger: Ledger) -> None:
        self.desk, self.book, self.ledger = desk, book, ledger
        self.staff: Staff = desk.staff()
        self.eyes: Eyes = desk.eyes()

    # --- time --------------------------------------------------------------------------------

    def it_is(self, hour: int, minute: int, second: float = 0) -> datetime:
        """Move the desk's clock to this time of the story's day, at the home."""
        moment = datetime.combine(DAY, time(hour, minute), ZONE) + timedelta(seconds=second)
        self.desk.clock.set(moment)
        return moment

    def later(self, **time: float) -> None:
        self.desk.clock.advance(timedelta(**time))

    # --- at the door -------------------------------------------------------------------------

    def tap(self, person: Person) -> Tap:
        """Hold the card to the reader until the screen has answered, and take it away."""
        desk = self.desk
        seen, heard, begin = self.eyes.seen, len(desk.kiosk.reports), desk.clock.now()
        desk.reader.hold(person.nfc_card())
        try:
            view = self.eyes.wait_for(is_verdict, "verdict", seen)
            seconds = (desk.clock.now() - begin).total_seconds()
            sounds = self._sounds(heard)
        finally:
            self.lift()
        return Tap(view, seconds, self._lamp(), sounds)

    def lift(self) -> None:
        """Take the card away, and wait until the reader has noticed."""
        self.desk.reader.lift()
        self.desk.reader.await_looks(_LOOKS)

    def idle(self) -> View:
        """Wait until the screen rests again, whatever the clock says by then."""
        return self.eyes.wait_for(is_idle, "resting screen", self.eyes.seen - 1)

    def look_again(self) -> None:
        """The kiosk was started afresh: look at its new screen."""
        self.eyes.close()
        self.eyes = self.desk.eyes()

    def _lamp(self) -> str:
        """Which lamps are lit."""
        lit = {"green": 0.0, "amber": 0.0, "red": 0.0}
        for report in self.desk.kiosk.reports:
            if report["kind"] == "lamp" and report["lamp"] in lit:
                lit[report["lamp"]] = report["level"]
        return " and ".join(name for name, level in lit.items() if level) or "none"

    def _sounds(self, since: int) -> list[float]:
        """Wait for the two tones of a verdict and the silence after them."""
        kiosk = self.desk.kiosk
        tones: list[float] = []

        def is_second_over(report: dict[str, object]) -> bool:
            if report.get("lamp") != "buzzer":
                return False
            level = report["level"]
            if isinstance(level, float) and level not in (0.0, _CLICK):
                tones.append(level)
            return level == 0.0 and len(tones) >= len(RISING)

        kiosk.wait_for(is_second_over, "sound of a verdict", 5, since)
        return tones

    def await_heartbeat(self) -> None:
        """Wait until the kiosk has done whatever was due by now: a heartbeat tells of it."""
        now = self.desk.clock.now()
        self.ledger.wait_for(
            lambda: self.ledger.heartbeat(KIOSK), lambda at: at is not None and at >= now
        )

    def recover(self) -> None:
        """After a scenario that went wrong: give the next one a kiosk that runs and a network."""
        self.desk.reader.lift()
        self.desk.mend_network()
        if self.desk.kiosk.pid is None:
            self.desk.power_on()
        self.look_again()
        self.later(minutes=5)

    def close(self) -> None:
        self.eyes.close()
        self.ledger.close()

    # --- staff -------------------------------------------------------------------------------

    def board(self, is_it: Callable[[dict[str, list[str]]], bool]) -> dict[str, list[str]]:
        """The home's board, looked at until it `is_it`, or for 15 s."""
        return self.ledger.wait_for(lambda: self.staff.board(HOME), is_it)


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
