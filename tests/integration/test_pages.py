"""The pages: what they show, in which language, behind which headers, and what nonsense does."""

import re
import threading

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from presence.reason import Reason
from presence.roster import CardState
from server.audit import AuditRow
from server.cards.models import CardEvent
from server.db import reading
from server.institutions.models import Institution
from server.people.models import Volunteer
from tests.integration.pages_stand import Site

HOSTILE = "<script>alert(1)</script>\"'&🦄"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;🦄"
PAGES = (
    "/",
    "/institutions/solbakken/board",
    "/institutions/solbakken/board/list",
    "/volunteers",
    "/volunteers/{volunteer}",
    "/cards/{card}",
    "/cards/{card}/lost",
    "/cards/{card}/code.svg",
    "/alerts",
    "/alerts?chapter=fjordby",
)


def _address(story: Site, page: str, key: str = "carin") -> str:
    person = story.sample.cast[key]
    return page.format(volunteer=person.volunteer_id, card=person.card_id)


def _csrf(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_answers_in_both_languages_and_is_kept_nowhere(
    story: Site, client: FlaskClient, page: str, language: str
) -> None:
    answer = client.get(_address(story, page), headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] == language
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    if "<html" in answer.text:
        assert f'<html lang="{language}"' in answer.text
        assert not re.search(r"<script(?![^>]* src=)| style=| on\w+=", answer.text)
        assert not re.search(r'(?:src|href)="https?:', answer.text)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("nb", "nb-NO,nb;q=0.9"),
        ("nb", "nn"),
        ("nb", "sv,en;q=0.5"),
        ("nb", "fr"),
        ("nb", ""),
        ("en", "en-GB"),
        ("en", "fr,en;q=0.3"),
    ],
)
def test_the_browsers_language_is_answered_in_the_closest_one(
    client: FlaskClient, wanted: str, given: str
) -> None:
    answer = client.get("/", headers={"Accept-Language": given})
    assert answer.headers["Content-Language"] == wanted


def test_a_chosen_language_is_remembered_and_an_unknown_one_ignored(client: FlaskClient) -> None:
    assert "Homes" in client.get("/?lang=en").text
    assert "Homes" in client.get("/").text
    assert "Homes" in client.get("/?lang=xx").text
    assert "Sykehjem" in client.get("/?lang=nb").text


@pytest.mark.parametrize(
    "page",
    [
        "/institutions/nowhere/board",
        "/institutions/nowhere/board/list",
        "/institutions/nowhere/board/events",
        "/volunteers/nobody",
        "/volunteers/00000000-0000-7000-8000-000000000000",
        "/cards/none",
        "/cards/none/lost",
        "/cards/none/code.svg",
        "/alerts?chapter=nowhere",
        "/no-such-page",
        "/cards/%00/lost",
        f"/volunteers/{'9' * 3000}",
    ],
)
def test_what_does_not_exist_is_a_friendly_404(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 404
    assert "Finnes ikke her" in answer.text
    assert 'href="/"' in answer.text


def test_a_wrong_method_is_said_in_words(client: FlaskClient) -> None:
    answer = client.put("/volunteers")
    assert (answer.status_code, "Det går ikke her" in answer.text) == (405, True)


def test_the_start_page_counts_each_home(story: Site, client: FlaskClient) -> None:
    story.arrive("bjorn")
    cards = re.findall(r"<h2>(\w+)</h2>\s*<p[^>]*><b>(\d+)</b>", client.get("/").text)
    assert cards == [("Nordstrand", "0"), ("Solbakken", "1")]


# --- finding people --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("astrid", ["Astrid Moen"]),
        ("SÆT", ["Gunn Sætre"]),
        ("bjø", ["Bjørn Eide"]),
        ("eli utsi", ["Eli Utsi"]),
        ("utsi  eli ", ["Eli Utsi"]),
        ("ruud", ["Dag Ruud"]),
        ("%", []),
        ("_", []),
        ("Eli Moen", []),
        ("' OR 1=1 --", []),
        ("🦄", []),
    ],
)
def test_people_are_found_by_any_part_of_their_name(
    client: FlaskClient, words: str, found: list[str]
) -> None:
    answer = client.get("/volunteers", query_string={"q": words})
    assert answer.status_code == 200
    assert re.findall(r'class="row-name">([^<]+)<', answer.text) == found


@pytest.mark.parametrize("words", ["a" * 10_000, "eli\x00utsi", "eli\nutsi"])
def test_a_search_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    client: FlaskClient, words: str
) -> None:
    answer = client.get("/volunteers", query_string={"q": words})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert f'value="{words}"' in answer.text


def test_a_search_that_is_markup_is_shown_as_text(client: FlaskClient) -> None:
    answer = client.get("/volunteers", query_string={"q": HOSTILE})
    assert answer.status_code == 200
    assert SHOWN in answer.text
    assert "<script>alert" not in answer.text


def test_names_that_are_markup_are_shown_as_text_on_every_page(
    story: Site, client: FlaskClient
) -> None:
    person = story.sample.cast["carin"]
    with story.writes() as session:
        volunteer = session.get_one(Volunteer, person.volunteer_id)
        volunteer.first_name = volunteer.last_name = HOSTILE
        session.execute(sa.update(Institution).values(name=HOSTILE))
    story.arrive("carin")
    story.keep(story.pen.refused(story.ref("carin"), story.clock(), Reason.CARD_BLOCKED))
    for page in PAGES:
        answer = client.get(_address(story, page))
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        if "svg" not in page:
            assert SHOWN in answer.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "99999999", "9" * 400, "1e3", ""])
def test_a_page_that_does_not_exist_is_the_nearest_one(client: FlaskClient, page: str) -> None:
    answer = client.get("/volunteers", query_string={"page": page})
    assert answer.status_code == 200
    assert "Astrid Moen" in answer.text


def test_htmx_gets_the_list_alone(client: FlaskClient) -> None:
    answer = client.get("/volunteers?q=eli", headers={"HX-Request": "true"})
    assert "Eli Utsi" in answer.text
    assert "<html" not in answer.text


def test_a_persons_page_shows_cards_homes_visits_and_briefings(
    story: Site, client: FlaskClient
) -> None:
    text = client.get(_address(story, "/volunteers/{volunteer}", "jon")).text
    for words in ("Jon Balto", "Fjordby", "Kortet er gyldig", "Nordstrand", "versjon 3"):
        assert words in text
    assert "4. november 11:30 – 12:40" in text
    states = {
        key: re.findall(
            r"ds-tag mark[^>]*>([^<]+)<",
            client.get(_address(story, "/volunteers/{volunteer}", key)).text,
        )
        for key in ("frode", "gunn", "hassan")
    }
    assert states == {
        "frode": ["Kortet må fornyes"],
        "gunn": ["Kortet er utløpt"],
        "hassan": ["Kortet er meldt tapt"],
    }


# --- a lost card -----------------------------------------------------------------------------


def _lost(story: Site, key: str = "carin") -> list[CardEvent]:
    with reading(story.engine) as session:
        card = story.sample.cast[key].card_id
        its = sa.select(CardEvent).where(
            CardEvent.card_id == card, CardEvent.state_after == CardState.LOST
        )
        return list(session.scalars(its))


def test_a_card_is_reported_lost_in_two_steps(story: Site, client: FlaskClient) -> None:
    card = _address(story, "/cards/{card}")
    assert f'href="{card}/lost"' in client.get(card).text
    confirm = client.get(f"{card}/lost")
    assert story.card("carin").state is CardState.ACTIVE
    story.clock.advance(minutes=3)
    done = client.post(
        f"{card}/lost", data={"csrf_token": _csrf(confirm), "reporter": "institution"}
    )
    assert (done.status_code, done.headers["Location"]) == (303, card)
    page = client.get(card)
    assert "Det avvises på alle kiosker som har nett." in page.text
    assert "Meldt 11:33." in page.text
    assert "Institusjon" in page.text
    assert f"{card}/lost" not in page.text
    assert [event.actor for event in _lost(story)] == ["institution"]
    assert story.card("carin").state is CardState.LOST
    with reading(story.engine) as session:
        acts = session.scalars(sa.select(AuditRow.actor).where(AuditRow.act == "report_lost"))
        assert list(acts) == ["institution"]


def test_reporting_twice_counts_once(story: Site, client: FlaskClient) -> None:
    address = _address(story, "/cards/{card}/lost")
    form = {"csrf_token": _csrf(client.get(address)), "reporter": "chapter"}
    assert [client.post(address, data=form).status_code for _ in range(2)] == [303, 303]
    assert len(_lost(story)) == 1


def test_a_double_click_counts_once(story: Site, client: FlaskClient) -> None:
    address = _address(story, "/cards/{card}/lost")
    form = {"csrf_token": _csrf(client.get(address)), "reporter": "chapter"}
    cookie = client.get_cookie("session")
    assert cookie is not None
    both = threading.Barrier(2)
    answers: list[int] = []

    def click() -> None:
        other = story.app.test_client()
        other.set_cookie("session", cookie.value)
        both.wait()
        answers.append(other.post(address, data=form).status_code)

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert answers == [303, 303]
    assert len(_lost(story)) == 1


@pytest.mark.parametrize("said", [None, "", "nobody", HOSTILE, "x" * 10_000, "🦄"])
def test_without_a_known_role_nothing_is_reported_and_the_form_says_so(
    story: Site, client: FlaskClient, said: str | None
) -> None:
    address = _address(story, "/cards/{card}/lost")
    form = {"csrf_token": _csrf(client.get(address))} | ({} if said is None else {"reporter": said})
    answer = client.post(address, data=form)
    assert answer.status_code == 400
    assert "Velg hvem som melder kortet tapt." in answer.text
    assert "<script>alert" not in answer.text
    assert story.card("carin").state is CardState.ACTIVE


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_report_from_another_site_changes_nothing(
    story: Site, client: FlaskClient, token: str | None
) -> None:
    address = _address(story, "/cards/{card}/lost")
    client.get(address)
    form = {"reporter": "chapter"} | ({} if token is None else {"csrf_token": token})
    answer = client.post(address, data=form)
    assert answer.status_code == 400
    assert "Ingenting er endret." in answer.text
    assert story.card("carin").state is CardState.ACTIVE


def test_too_much_at_once_is_said_in_words(story: Site, client: FlaskClient) -> None:
    answer = client.post(
        _address(story, "/cards/{card}/lost"), data={"reporter": "x" * (300 * 1024)}
    )
    assert answer.status_code == 413
    assert "For mye på en gang" in answer.text


def test_a_card_that_is_lost_already_cannot_be_reported_again(
    story: Site, client: FlaskClient
) -> None:
    answer = client.get(_address(story, "/cards/{card}/lost", "hassan"))
    assert "Det er ikke mer å melde." in answer.text
    assert "<form" not in answer.text


# --- alerts, faults --------------------------------------------------------------------------


def test_a_refusal_reaches_the_chapters_alerts(story: Site, client: FlaskClient) -> None:
    assert "Ingen varsler" in client.get("/alerts").text
    story.keep(story.pen.refused(story.ref("hassan"), story.clock(), Reason.CARD_BLOCKED))
    for page in ("/alerts", "/alerts?chapter=fjordby"):
        text = client.get(page).text
        assert "Hassan Warsame" in text
        assert "Kortet er sperret" in text
    assert "Hassan" not in client.get("/alerts?chapter=elvemo").text


def test_a_fault_of_ours_is_friendly_and_says_nothing_of_the_inside(
    story: Site, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with story.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE alerts"))
    answer = client.get("/alerts")
    assert answer.status_code == 500
    assert "Noe er galt hos oss" in answer.text
    assert "sqlite" not in answer.text.lower()
    assert re.search("no such table|does not exist", caplog.text)
