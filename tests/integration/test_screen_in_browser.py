"""The page in a real browser, as on the kiosk: what it shows, what a finger does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from queue import SimpleQueue
from zoneinfo import ZoneInfo

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.sample import briefings
from demo.sample.homes import HOMES
from kiosk.events import (
    AlarmRaised,
    BriefingOpen,
    CannotRead,
    Event,
    Idle,
    Stage,
    Surroundings,
    Told,
    Touch,
    Touched,
    Way,
)
from kiosk.screen.server import LoopbackScreen
from kiosk.screen.view import view
from kiosk.screen.words import CATALOGUES
from presence.activity import Activity, DogPlace, DogTeam
from presence.admission import decide
from presence.briefing import BriefingVersion, Section, SectionKind
from presence.card import Unreadable
from presence.messages import ReaderState
from presence.roster import MissingCourse
from presence.verdict import Basis
from tests.builders import (
    CARD,
    NOW,
    TODAY,
    arrival,
    facts,
    held_card,
    here,
    house,
    roster_row,
    went_out,
)
from tests.fakes.world import SetClock

AROUND = Surroundings(house(), is_connected=True)
LINES = ("Alarmen er en lang, høy tone.", "Gå rolig mot nærmeste utgang.", "Ikke bruk heis.")
SECTIONS = tuple(Section((kind,), f"Tittel {kind}", LINES) for kind in list(SectionKind)[:3])
READING = BriefingOpen(
    BriefingVersion(3), SECTIONS, 0, "nb", "Kari", CARD, timedelta(hours=1), is_unconfirmed=False
)
WELCOME = Told(decide(facts(), NOW), "Kari", "nb", seen=NOW)
SEVEN_INCH = {"width": 800, "height": 480}
MM = 800 / 154
MORNING = NOW - timedelta(hours=2)
SEEN = ("key", "title", "lines", "page", "notice", "signs")


class Kiosk:
    """A screen, and the browser that shows it."""

    def __init__(self, browser: Browser, language: str = "nb") -> None:
        self.clock, self.language = SetClock(), language
        self.reported: SimpleQueue[Event] = SimpleQueue()
        self.screen = self.started(0)
        context = browser.new_context(viewport=SEVEN_INCH, has_touch=True)  # type: ignore[arg-type]
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text))

    def started(self, port: int) -> LoopbackScreen:
        screen = LoopbackScreen(
            self.clock, ZoneInfo, self.reported.put, port=port, language=self.language
        )
        screen.start()
        return screen

    def settled(self) -> None:
        """Return when the page has its fonts and has fitted its texts with them."""
        self.page.evaluate("""async () => {
          await Promise.all([...document.fonts].map((font) => font.load()));
          await document.fonts.ready;
          await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        }""")

    def shows(self, stage: Stage, around: Surroundings = AROUND) -> Page:
        """Show it, and return when it is on the page, in its fonts and fitted."""
        self.screen.show(stage, around)
        local = self.clock.read().wall.astimezone(ZoneInfo(house().zone))
        wanted = view(stage, around, self.language, local)
        self.page.wait_for_function(
            "wanted => shown && Object.keys(wanted).every("
            "key => JSON.stringify(shown[key]) === JSON.stringify(wanted[key]))",
            arg={key: msgspec.to_builtins(getattr(wanted, key)) for key in SEEN},
        )
        self.settled()
        return self.page

    def next_report(self) -> Event:
        return self.reported.get(timeout=20)


@pytest.fixture
def kiosk(browser: Browser) -> Iterator[Kiosk]:
    made = Kiosk(browser)
    made.screen.show(Idle(), AROUND)
    made.page.goto(made.screen.url)
    expect(made.page.locator("#title")).to_have_text("Hold kortet mot leseren")
    yield made
    made.page.context.close()
    made.screen.stop()


def test_the_page_follows_the_loop_live_and_without_a_complaint(kiosk: Kiosk) -> None:
    page = kiosk.shows(WELCOME)
    expect(page.locator("#title")).to_have_text("Velkommen, Kari")
    expect(page.locator("html")).to_have_attribute("data-tone", "in")
    expect(page.locator("html")).to_have_attribute("lang", "nb")
    kiosk.shows(replace(WELCOME, language="en"))
    expect(page.locator("#title")).to_have_text("Welcome, Kari")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    kiosk.shows(Idle())
    expect(page.locator("#title")).to_have_text("Hold kortet mot leseren")
    expect(page.locator("footer")).to_contain_text("110")
    assert kiosk.complaints == []


def test_a_finger_on_a_button_comes_back_to_the_loop(kiosk: Kiosk) -> None:
    kiosk.shows(READING).get_by_role("button", name="Neste").tap()
    assert kiosk.next_report() == Touched(Touch.NEXT)


def test_a_keyboard_or_a_switch_can_press_a_button(kiosk: Kiosk) -> None:
    kiosk.shows(READING).get_by_role("button", name="Les senere").press("Enter")
    assert kiosk.next_report() == Touched(Touch.LATER)


def test_a_button_acts_on_release_and_only_if_the_finger_is_still_on_it(kiosk: Kiosk) -> None:
    page = kiosk.shows(READING)
    button = page.get_by_role("button", name="Neste")
    box = button.bounding_box()
    assert box is not None
    mouse, x, y = page.mouse, box["x"] + 30, box["y"] + 30
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, box["y"] - 50)
    mouse.up()
    mouse.move(x, y)
    mouse.down()
    assert kiosk.reported.empty()
    mouse.move(x + 60, y + 30)  # a hand that trembles
    mouse.up()
    assert kiosk.next_report() == Touched(Touch.NEXT)
    assert kiosk.reported.empty()


def test_a_trembling_double_touch_does_not_turn_two_pages(kiosk: Kiosk) -> None:
    page = kiosk.page
    page.clock.install()
    page.reload()
    kiosk.shows(READING)
    expect(page.locator("#page")).to_have_text("Kari · Side 1 av 3")
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=2))
    next_page = page.get_by_role("button", name="Neste")
    next_page.tap()
    assert kiosk.next_report() == Touched(Touch.NEXT)
    kiosk.clock.forward(timedelta(seconds=1))  # the server would let the second one pass
    kiosk.screen.show(replace(READING, page=1), AROUND)
    expect(page.locator("#page")).to_have_text("Kari · Side 2 av 3")
    next_page.tap()
    page.clock.run_for(500)
    page.get_by_role("button", name="Tilbake").tap()
    assert kiosk.next_report() == Touched(Touch.BACK)
    assert kiosk.reported.empty()


def test_the_briefing_is_hers_and_the_greeting_of_another_leaves_it_where_it_is(
    kiosk: Kiosk,
) -> None:
    page = kiosk.shows(READING)
    expect(page.locator("#headline")).to_have_text("Tittel alarm_sound")
    expect(page.locator("#page")).to_have_text("Kari · Side 1 av 3")
    before = page.locator("#lines").bounding_box()
    kiosk.shows(replace(READING, notice=replace(WELCOME, first_name="Ola")))
    expect(page.locator("#notice")).to_have_text("Velkommen, Ola")
    assert page.locator("#lines").bounding_box() == before


def test_when_the_kiosk_is_away_the_page_says_so_and_comes_back_by_itself(kiosk: Kiosk) -> None:
    port = kiosk.screen.port
    kiosk.screen.stop()
    expect(kiosk.page.locator("#lost")).to_be_visible(timeout=10_000)
    kiosk.screen = kiosk.started(port)
    kiosk.shows(WELCOME)
    expect(kiosk.page.locator("#title")).to_have_text("Velkommen, Kari", timeout=10_000)
    expect(kiosk.page.locator("#lost")).to_be_hidden()


# --- made for tired eyes and unsteady hands ----------------------------------------------------


def millimetres_of_a_capital(text: Locator) -> float:
    """Height of a capital letter: Inter's is 0.727 of its size."""
    size = text.evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
    return float(size) * 0.727 / MM


LONGEST = Told(
    decide(
        facts(
            Basis.ROSTER,
            row=roster_row(
                held_card(valid_until=TODAY + timedelta(days=30)),
                courses=(MissingCourse("Førstehjelp for frivillige", date(2027, 1, 11)),),
            ),
        ),
        NOW,
    ),
    "Anne-Margrethe",
    "nb",
    seen=NOW,
)
EXPIRED = Told(
    decide(facts(row=roster_row(held_card(valid_until=TODAY - timedelta(days=1)))), NOW),
    None,
    "nb",
    seen=NOW,
)
BACK = Told(
    decide(facts(row=roster_row(here=here(arrival(MORNING, 1), went_out(MORNING, 2)))), NOW),
    "Anne-Margrethe",
    "nb",
    seen=NOW,
)
NO_DOG = Told(
    decide(
        facts(
            row=roster_row(
                activities=(Activity.VISIT, Activity.DOG_VISIT),
                dog=DogTeam((DogPlace.COMMON_ROOM,), TODAY - timedelta(days=1)),
            )
        ),
        NOW,
    ),
    "Anne-Margrethe",
    "nb",
    seen=NOW,
)
UNREAD: list[Stage] = [*map(CannotRead, (None, *Unreadable)), CannotRead(None, is_unanswered=True)]
ALARM = AlarmRaised({"nb": ("Si fra til vakta.", "Lukk døra etter deg.", "Gå ut nærmeste vei.")})
TAPPED = replace(ALARM, is_silenced=True, notice=replace(BACK, earlier=(WELCOME,)))
PLAIN: list[Stage] = [Idle(), WELCOME, BACK, CannotRead(None), READING, ALARM, TAPPED]
ALL = [*PLAIN, NO_DOG, LONGEST, EXPIRED]
READY, _, RECOVERING, LOST = ReaderState
WAYS = [
    {Way.CHIP: READY, Way.CODE: READY},
    {Way.CHIP: LOST, Way.CODE: READY},
    {Way.CHIP: RECOVERING, Way.CODE: LOST},
    {Way.CHIP: LOST, Way.CODE: LOST},
]


@pytest.mark.parametrize(
    "stage", [*PLAIN, NO_DOG, LONGEST, EXPIRED], ids=lambda one: type(one).__name__
)
def test_nothing_is_cut_off_or_can_be_scrolled(kiosk: Kiosk, stage: Stage) -> None:
    assert cut_off(kiosk.shows(stage)) == []


def cut_off(page: Page) -> list[str]:
    """What does not fit where it stands."""
    found: list[str] = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("body *")]
            .filter(box => !box.closest("svg") && getComputedStyle(box).display !== "inline")
            .filter(box => box.scrollWidth > box.clientWidth + 1
                || box.scrollHeight > box.clientHeight + 1)
            .filter(box => box.clientWidth > 0)
            .filter(box => getComputedStyle(box).overflow === "hidden" || box.id === "words")
            .map(box => box.id || box.tagName)"""
    )
    return found


def test_nothing_is_cut_off_on_a_screen_that_stands_on_end(kiosk: Kiosk) -> None:
    kiosk.page.set_viewport_size({"width": 480, "height": 800})
    for stage in ALL:
        page = kiosk.shows(stage, replace(AROUND, ways=WAYS[0]))
        assert cut_off(page) == [], stage


def test_every_way_to_show_a_card_has_its_picture_its_words_and_its_sign(kiosk: Kiosk) -> None:
    seen = []
    for ways in WAYS:
        page = kiosk.shows(Idle(), replace(AROUND, ways=ways))
        assert cut_off(page) == []
        assert millimetres_of_a_capital(page.locator("#title")) >= 7.3
        assert min(page.evaluate(_CONTRAST)) >= 7
        picture = page.locator("#icon use").get_attribute("href") or ""
        expect(page.locator(picture)).to_be_attached()
        seen.append((picture, page.locator("#signs span").all_inner_texts()))
    assert seen == [
        ("#icon-card_or_code", []),
        ("#icon-code", ["Kortleseren virker ikke"]),
        ("#icon-card", ["Kortleseren starter på nytt", "Kameraet virker ikke"]),
        ("#icon-fault", []),
    ]


def test_the_alarm_can_be_read_from_afar_keeps_the_numbers_and_does_not_move(kiosk: Kiosk) -> None:
    page = kiosk.shows(TAPPED)
    for text in ("#title", "#lines"):
        assert millimetres_of_a_capital(page.locator(text)) >= 7.3
    expect(page.locator("#notice")).to_contain_text("Anne-Margrethe: Du er fortsatt sjekket inn.")
    expect(page.locator("#signs")).to_have_text("Lyden er slått av her")
    expect(page.locator("footer")).to_contain_text("110")
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_cannot_be_read_is_said_in_big_letters_that_fit_in_every_language(
    browser: Browser, language: str
) -> None:
    kiosk = Kiosk(browser, language)
    kiosk.screen.show(Idle(), AROUND)
    kiosk.page.goto(kiosk.screen.url)
    for stage in UNREAD:
        page = kiosk.shows(stage, replace(AROUND, is_connected=False))
        assert cut_off(page) == []
        assert millimetres_of_a_capital(page.locator("#title")) >= 7.3
        assert millimetres_of_a_capital(page.locator("#lines")) >= 5.9
    kiosk.page.context.close()
    kiosk.screen.stop()


@pytest.mark.parametrize("stage", PLAIN, ids=lambda one: type(one).__name__)
def test_capitals_of_what_must_be_read_are_more_than_seven_millimetres_high(
    kiosk: Kiosk, stage: Stage
) -> None:
    page = kiosk.shows(stage)
    if isinstance(stage, BriefingOpen):
        expect(page.locator("#page")).not_to_be_empty()
        assert millimetres_of_a_capital(page.locator("#lines")) >= 7
    else:
        assert millimetres_of_a_capital(page.locator("#title")) >= 7.3


@pytest.mark.parametrize("language", briefings.LANGUAGES)
def test_no_page_of_the_sample_briefings_must_be_written_smaller(
    kiosk: Kiosk, language: str
) -> None:
    for home in HOMES:
        sections = briefings.sections(home, language)
        for number, section in enumerate(sections):
            page = kiosk.shows(replace(READING, sections=sections, page=number, language=language))
            expect(page.locator("#lines")).to_have_text("".join(section.lines))
            assert millimetres_of_a_capital(page.locator("#lines")) >= 7, section


def test_every_button_is_at_least_twenty_millimetres_high_and_wide(kiosk: Kiosk) -> None:
    for stage in (READING, replace(READING, page=2), EXPIRED):
        page = kiosk.shows(stage)
        expect(page.locator("html")).to_have_attribute(
            "data-tone", "read" if isinstance(stage, BriefingOpen) else "staff"
        )
        boxes = [button.bounding_box() for button in page.locator("button").all()]
        assert boxes
        assert all(box and min(box["width"], box["height"]) >= 20 * MM for box in boxes)


_CONTRAST = """
() => {
  const channel = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = rgb => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).slice(0, 3).map(v => channel(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = box => {
    for (; box; box = box.parentElement) {
      const colour = getComputedStyle(box).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  return [...document.querySelectorAll("h1, p, b, span, button")]
    .filter(box => box.offsetParent && box.innerText.trim())
    .map(box => {
      const [one, other] = [getComputedStyle(box).color, ground(box)].map(light);
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    });
}
"""


@pytest.mark.parametrize(
    "stage", [*PLAIN, NO_DOG, LONGEST, EXPIRED], ids=lambda one: type(one).__name__
)
def test_every_word_has_a_contrast_of_seven_to_one(kiosk: Kiosk, stage: Stage) -> None:
    page = kiosk.shows(stage, replace(AROUND, is_connected=False))
    expect(page.locator("#clock")).to_have_text("10:02")
    contrasts = page.evaluate(_CONTRAST)
    assert len(contrasts) > 5
    assert min(contrasts) >= 7
