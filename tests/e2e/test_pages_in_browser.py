"""The pages as people meet them: in a browser, by keyboard, on a phone, when the net is lost."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from presence.reason import Reason
from presence.roster import CardState
from server.cards.models import CardEvent
from server.db import reading
from tests.databases import Databases, SqliteStore
from tests.integration.pages_stand import Prepared, Site, prepare, site

BOARD = "/institutions/solbakken/board"
SOON = 5_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    store = SqliteStore(tmp_path_factory.mktemp("databases"))
    return prepare(Databases(store), tmp_path_factory.mktemp("story"))


@pytest.fixture
def story(prepared: Prepared) -> Iterator[Site]:
    with site(prepared, boards=1, alive_seconds=1) as found:
        found.hear()
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(locale="nb-NO", viewport={"width": 820, "height": 1180})
    found.set_default_timeout(SOON)
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; whatever it complains of fails the test, but for answers that a test asks for."""
    complaints: list[str] = []
    found = context.new_page()
    found.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    assert [one for one in complaints if "Failed to load resource" not in one] == []


@pytest.fixture
def address(story: Site) -> Iterator[str]:
    with story.served() as found:
        yield found


def _counts(page: Page) -> list[str]:
    return page.locator(".count b").all_inner_texts()


def test_an_arrival_appears_on_the_open_board_by_itself(
    story: Site, address: str, page: Page
) -> None:
    page.goto(address + BOARD)
    expect(page.get_by_text("Ingen frivillige er sjekket inn.")).to_be_visible()
    expect(page.get_by_text("Oppdateres av seg selv.")).to_be_visible()
    story.arrive("astrid")
    expect(page.locator(".guest-name")).to_have_text(["Astrid M."])
    expect(page.get_by_text("Orientering ikke lest")).to_be_visible()
    assert _counts(page) == ["1", "0"]
    story.clock.advance(minutes=2)
    story.keep(story.pen.refused(story.ref("hassan"), story.clock(), Reason.CARD_BLOCKED))
    expect(page.locator(".panel-possible .guest-name")).to_have_text(["Hassan W."])
    assert _counts(page) == ["1", "1"]
    story.keep(story.pen.left(story.ref("astrid"), story.clock()))
    expect(page.get_by_text("Ingen frivillige er sjekket inn.")).to_be_visible()


def test_a_lost_stream_is_said_at_once_and_mends_itself(story: Site, page: Page) -> None:
    lost = page.locator("[data-board-lost]")
    with story.served() as address:
        page.goto(address + BOARD)
        expect(page.get_by_text("Oppdateres av seg selv.")).to_be_visible()
        expect(lost).to_be_hidden()
    expect(lost).to_have_text("Ingen kontakt siden 11:30 – listen kan være gammel")
    expect(lost).to_be_visible()
    expect(page.get_by_text("Oppdateres av seg selv.")).to_be_hidden()
    expect(page.locator("[data-board]")).to_have_class(re.compile("is-old"))
    story.clock.advance(minutes=9)
    story.arrive("bjorn")
    with story.served(urlsplit(address).port or 0):
        expect(page.locator(".guest-name")).to_have_text(["Bjørn E."], timeout=20_000)
        expect(lost).to_be_hidden()
        expect(page.locator("[data-board-live]")).to_contain_text("11:39")


def test_a_board_without_a_stream_fetches_its_list(
    story: Site, address: str, context: BrowserContext, page: Page
) -> None:
    first = context.new_page()
    first.goto(address + BOARD)
    expect(first.get_by_text("Oppdateres av seg selv.")).to_be_visible()
    page.goto(address + BOARD)  # the second board is one more than may be live
    expect(page.locator("[data-board-lost]")).to_be_hidden(timeout=10_000)
    story.arrive("bjorn")
    expect(page.locator(".guest-name")).to_have_text(["Bjørn E."], timeout=25_000)
    first.close()


def test_without_scripts_the_board_loads_itself_again(
    story: Site, address: str, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="nb-NO")
    story.arrive("bjorn")
    page = context.new_page()
    page.goto(address + BOARD)
    expect(page.locator(".guest-name")).to_have_text(["Bjørn E."])
    expect(page.get_by_text("Lest 11:30")).to_be_visible()
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "30"
    context.close()


def test_people_are_found_while_one_types(address: str, page: Page) -> None:
    page.goto(f"{address}/volunteers")
    page.get_by_label("Fornavn eller etternavn").press_sequentially("bjø")
    expect(page.locator(".row-name")).to_have_text(["Bjørn Eide"])
    assert page.url.endswith("/volunteers?q=bj%C3%B8")
    page.get_by_label("Fornavn eller etternavn").fill("x" * 200)
    expect(page.get_by_text("Søk med høyst 60 tegn. Her er det 200.")).to_be_visible()
    expect(page.get_by_label("Fornavn eller etternavn")).to_have_value("x" * 200)


def test_a_card_is_reported_lost_with_the_keyboard_alone_and_once(
    story: Site, address: str, page: Page
) -> None:
    card = story.sample.cast["carin"].card_id
    page.goto(f"{address}/cards/{card}")
    page.get_by_role("link", name="Meld kort tapt").press("Enter")
    page.get_by_label("Institusjon").press("Space")
    button = page.get_by_role("button", name="Meld tapt nå")
    button.dblclick()
    expect(page.get_by_role("status")).to_contain_text("Kortet er meldt tapt.")
    expect(page.get_by_role("heading", name="Kortet er meldt tapt")).to_be_visible()
    with reading(story.engine) as session:
        reports = session.scalars(
            sa.select(CardEvent.actor).where(
                CardEvent.card_id == card, CardEvent.state_after == CardState.LOST
            )
        ).all()
    assert list(reports) == ["institution"]


def test_the_first_tab_leads_past_the_menu(address: str, page: Page) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Hopp til innholdet")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 820, 1280])
def test_no_page_is_wider_than_the_screen(
    story: Site, address: str, browser: Browser, width: int
) -> None:
    context = browser.new_context(locale="nb-NO", viewport={"width": width, "height": 800})
    story.arrive("jon")
    story.keep(story.pen.refused(story.ref("hassan"), story.clock(), Reason.CARD_BLOCKED))
    person = story.sample.cast["hassan"]
    page = context.new_page()
    too_wide = []
    for path in (
        "/",
        BOARD,
        "/volunteers",
        f"/volunteers/{person.volunteer_id}",
        f"/cards/{person.card_id}",
        f"/cards/{story.sample.cast['dag'].card_id}/lost",
        "/alerts",
        "/nowhere",
    ):
        page.goto(address + path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(path)
    context.close()
    assert too_wide == []


def test_nothing_comes_from_anywhere_else(address: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", BOARD, "/volunteers"):
        page.goto(address + path)
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
