"""Whatever the documentation points at is there: pages, headings, tests, and the pages that
docstrings call DOMAIN, WIRE and so on."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = ("presence", "kiosk", "server", "demo", "tests")
FOLDERS = ("docs", "deploy", "firmware_config", *CODE)
PAGES = sorted(chain(ROOT.glob("*.md"), *((ROOT / name).rglob("*.md") for name in FOLDERS)))
CITED = ("DOMAIN", "WIRE", "CREDENTIALS", "SECURITY", "HARDWARE", "BASELINES", "GLOSSARY")

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_TEST = re.compile(r"`(test_[a-z0-9_]+)`")
_CITATION = re.compile(rf"\b({'|'.join(CITED)})(?:, ?| \()\"([^\"]+)\"(?: and \"([^\"]+)\")?")


def prose(page: Path) -> str:
    """The page without its examples, in which brackets mean something else."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[str]:
    return [title.replace("`", "") for title in _HEADING.findall(prose(page))]


def anchors(page: Path) -> set[str]:
    """What each heading is called in a link: as GitHub makes it."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings(page)
    }


def links(page: Path) -> list[str]:
    return _LINK.findall(_CODE_SPAN.sub("", prose(page)))


def fault(page: Path, link: str) -> str | None:
    """What is wrong with a link; None: nothing. Addresses elsewhere are not asked for."""
    if link.startswith("https://"):
        return None
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in anchors(target):
        return f"{link}: there is no such heading"
    return None


def citations() -> Iterator[tuple[str, str]]:
    """Each section of a page that the code names, with the page."""
    files = sorted(chain.from_iterable((ROOT / name).rglob("*.py") for name in CODE))
    for file in files:
        for page, *sections in _CITATION.findall(file.read_text(encoding="utf-8")):
            yield from ((page, " ".join(section.split())) for section in sections if section)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [found for link in links(page) if (found := fault(page, link))] == []


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing\n\n## 2. Two `things`, and more\n", encoding="utf-8")
    assert fault(page, "#2-two-things-and-more") is None
    assert fault(page, "page.md#one-thing") is None
    assert fault(page, "#three") == "#three: there is no such heading"
    assert fault(page, "other.md") == "other.md: there is no such file"


def test_every_page_of_the_documentation_can_be_found_from_its_first_page() -> None:
    first = ROOT / "docs" / "README.md"
    found, waiting = {first}, [first]
    while waiting:
        page = waiting.pop()
        near = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        new = {one for one in near if one.suffix == ".md"} - found
        found |= new
        waiting += new
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= found


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "adr"
    assert {path.name for path in folder.glob("0*.md")} == {
        link for link in links(folder / "README.md") if link.startswith("0")
    }


def test_every_test_that_the_documentation_names_exists() -> None:
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = {name for page in PAGES for name in _TEST.findall(prose(page))}
    assert named
    assert named - there == set()


def test_every_section_that_a_docstring_cites_exists() -> None:
    cited = set(citations())
    assert len(cited) > len(CITED)
    missing = [
        (page, section)
        for page, section in sorted(cited)
        if not any(
            re.sub(r"^\d+\. ", "", title).lower().startswith(section.lower())
            for title in headings(ROOT / "docs" / f"{page.lower()}.md")
        )
    ]
    assert missing == []
