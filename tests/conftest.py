"""What every test shares: how hard Hypothesis tries, where sockets are allowed, and a browser.

Other fixtures live in the folder that uses them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.hardware_mocks.pcscd import csock

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

settings.register_profile("ci", derandomize=True, max_examples=100, deadline=None)
settings.register_profile(
    "deep",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
csock()  # its library looks only once: no test may reach the machine's own pcscd before
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests get no sockets; end-to-end tests share one worker, for they share one machine."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder == "unit":
            item.add_marker(pytest.mark.disable_socket)
        if folder == "e2e":
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; a machine without one fails the test."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(BROWSER_ARGUMENTS))
        yield found
        found.close()
