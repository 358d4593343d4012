"""`make demo` as somebody meets it who has just installed it: one page, in a browser."""

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

SOON = 15_000
_ADDRESS = re.compile(r"(The desk|Kiosk's screen|Staff board|Chapter)\s+(http\S+)")


@dataclass
class Demo:
    process: subprocess.Popen[str]
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """The demo, started as `make demo` starts it, on the small sample."""
    command = [sys.executable, "-m", "demo", "--sample", "story", "--at", "10:02"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Demo(process, _addresses(process))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    found: dict[str, str] = {}
    for line in process.stdout:
        if match := _ADDRESS.search(line):
            found[match[1]] = match[2]
        if "Ctrl-C" in line:
            return found
    raise AssertionError("the demo ended instead of starting")


@pytest.fixture
def desk(demo: Demo, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 960}, locale="nb-NO")
    page = context.new_page()
    page.set_default_timeout(SOON)
    expect.set_options(timeout=SOON)
    page.goto(demo.addresses["The desk"])
    yield page
    context.close()


def _kiosk(desk: Page) -> FrameLocator:
    return desk.frame_locator('iframe[title="The kiosk\'s screen"]')


def _title(desk: Page) -> Locator:
    return _kiosk(desk).locator("#title")


def _hold(desk: Page, key: str) -> None:
    """Hold a thing from the tray to the reader, or to the camera where it has nothing else."""
    desk.locator(f"[data-card={key}] .card").click()


def _board(desk: Page) -> FrameLocator:
    return desk.frame_locator("iframe[title='Staff board']")


def test_the_terminal_says_which_addresses_to_open(demo: Demo) -> None:
    assert set(demo.addresses) == {"The desk", "Kiosk's screen", "Staff board", "Chapter"}
    for address in demo.addresses.values():
        with urllib.request.urlopen(address, timeout=10) as page:
            assert page.status == 200


def test_a_card_held_to_the_reader_greets_and_moves_the_board(desk: Page) -> None:
    expect(_title(desk)).to_have_text("Hold kortet mot leseren")
    _hold(desk, "bjorn")
    expect(_title(desk)).to_have_text("Velkommen, Bjørn")
    expect(desk.locator("[data-lamp=green]")).to_have_class("on")
    expect(_board(desk).get_by_text("Bjørn E.")).to_be_visible()


def _card(desk: Page, name: str) -> Locator:
    return desk.get_by_role("listitem").filter(has_text=name)


def test_a_code_shown_to_the_camera_greets_like_a_card_at_the_reader(desk: Page) -> None:
    _card(desk, "Carin").get_by_role("button", name="Show the code to the camera").click()
    expect(_title(desk)).to_have_text("Velkommen, Carin")
    expect(_board(desk).get_by_text("Carin")).to_be_visible()


def test_without_network_the_kiosk_serves_on_and_the_board_follows_later(desk: Page) -> None:
    desk.get_by_role("switch", name="Network").click()
    expect(_kiosk(desk).get_by_text("Uten nett", exact=True).first).to_be_visible()
    _hold(desk, "frode")
    expect(_title(desk)).to_have_text("Velkommen, Frode")
    expect(_board(desk).get_by_text("Frode B.")).to_be_hidden()
    desk.get_by_role("switch", name="Network").click()
    expect(_board(desk).get_by_text("Frode B.")).to_be_visible()


def test_power_goes_and_comes_back(desk: Page) -> None:
    desk.get_by_role("switch", name="Power").click()
    expect(desk.get_by_text("No power")).to_be_visible()
    desk.get_by_role("switch", name="Power").click()
    expect(desk.get_by_text("No power")).to_be_hidden()
    expect(_title(desk)).to_have_text("Hold kortet mot leseren")


UNREAD, NOT_THIS = "Kortet kan ikke leses", "Dette kan ikke brukes her"


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("forged", UNREAD),
        ("blank", UNREAD),
        ("bank", NOT_THIS),
        ("phone", NOT_THIS),
        ("travel", UNREAD),
        ("leaflet", NOT_THIS),
    ],
)
def test_what_is_no_card_of_ours_is_told_so(desk: Page, card: str, words: str) -> None:
    _hold(desk, "gunn")
    expect(_title(desk)).to_have_text("Kortet er utløpt")
    _hold(desk, card)
    expect(_title(desk)).to_have_text(words)


def test_a_chip_and_an_old_chip_greet_like_any_card(desk: Page) -> None:
    _hold(desk, "dog")
    expect(_title(desk)).to_have_text("Velkommen, Oda")
    _hold(desk, "astrid")
    expect(_title(desk)).to_have_text("Velkommen, Astrid")


def test_the_alarm_s_switch_and_the_button_reach_the_kiosk(desk: Page) -> None:
    desk.get_by_role("switch", name="Fire alarm").click()
    expect(_title(desk)).to_have_text("Brannalarm")
    expect(desk.locator("[data-lamp=red]")).to_have_class("on")
    desk.get_by_role("button", name="Hold it for 3 s").click()
    expect(_kiosk(desk).get_by_text("Lyden er slått av her").first).to_be_visible()
    desk.get_by_role("switch", name="Fire alarm").click()
    expect(_title(desk)).not_to_have_text("Brannalarm")


def test_ctrl_c_stops_everything(demo: Demo) -> None:
    """Runs last: nothing answers any more at any of the addresses."""
    demo.process.send_signal(signal.SIGINT)
    said, _ = demo.process.communicate(timeout=30)
    assert demo.process.returncode == 0
    assert "Everything has been stopped." in said
    for address in demo.addresses.values():
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address, timeout=5)
