"""Staff answer from the board: who is in the house, who has left, who is let in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from presence.ids import InstitutionId
from presence.reason import Reason
from server.db import reading
from server.people.models import Volunteer
from server.visits.models import EventKind, EventRow, LetInReason
from tests.integration.pages_stand import Site

BOARD = "/institutions/solbakken/board"
STAFF_KINDS = (EventKind.SAID_HERE, EventKind.SAID_GONE, EventKind.LET_IN)


def links(client: FlaskClient) -> list[str]:
    """The board's links to questions that wait for an answer."""
    return re.findall(r'href="([^"]+/answer)"', client.get(BOARD).text)


def counts(client: FlaskClient) -> tuple[int, ...]:
    text = client.get(BOARD).text
    return tuple(int(count) for count in re.findall(r'class="count[^"]*"><b>(\d+)</b>', text))


def csrf(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def say(client: FlaskClient, link: str, **form: str) -> TestResponse:
    return client.post(link, data={"csrf_token": csrf(client.get(link)), **form})


def words_of_staff(story: Site) -> list[tuple[EventKind, str | None, LetInReason | None]]:
    with reading(story.engine) as session:
        rows = session.scalars(sa.select(EventRow).where(EventRow.kind.in_(STAFF_KINDS)))
        return [(row.kind, row.actor, row.reason) for row in rows]


def refuse(story: Site, reason: Reason, key: str = "hassan") -> None:
    story.keep(story.pen.refused(story.ref(key), story.clock(), reason))


def test_after_a_long_visit_staff_say_that_the_person_has_left(
    story: Site, client: FlaskClient
) -> None:
    story.arrive("hassan")
    assert links(client) == []
    story.clock.advance(hours=4, seconds=1)
    [link] = links(client)
    assert say(client, link, answer="gone").status_code == 303
    assert counts(client) == (0, 0)
    assert words_of_staff(story) == [(EventKind.SAID_GONE, "institution", None)]


def test_staff_say_that_somebody_in_doubt_is_here_and_are_asked_again_hours_later(
    story: Site, client: FlaskClient
) -> None:
    story.arrive("hassan")
    story.clock.advance(hours=20)
    assert counts(client) == (0, 1)
    say(client, links(client)[0], answer="here")
    assert (counts(client), links(client)) == ((1, 0), [])
    story.clock.advance(hours=4, seconds=1)
    assert len(links(client)) == 1


def test_somebody_with_an_expired_card_is_let_in_with_a_reason(
    story: Site, client: FlaskClient
) -> None:
    refuse(story, Reason.EXPIRED)
    [link] = links(client)
    assert say(client, link, answer="let_in", reason="leader_agreed").status_code == 303
    assert counts(client) == (1, 0)
    kept = (EventKind.LET_IN, "institution", LetInReason.LEADER_AGREED)
    assert words_of_staff(story) == [kept]


@pytest.mark.parametrize("reason", ["", "nobody", "<script>", "x" * 10_000])
def test_without_a_reason_nobody_is_let_in_and_the_form_says_so(
    story: Site, client: FlaskClient, reason: str
) -> None:
    refuse(story, Reason.EXPIRED)
    answer = say(client, links(client)[0], answer="let_in", reason=reason)
    assert answer.status_code == 400
    assert "Velg hvorfor du slipper personen inn." in answer.text
    assert words_of_staff(story) == []


def test_a_blocked_card_can_only_be_sent_away(story: Site, client: FlaskClient) -> None:
    refuse(story, Reason.CARD_BLOCKED)
    [link] = links(client)
    page = client.get(link).text
    assert 'value="let_in"' not in page
    assert "sperret" not in page
    assert say(client, link, answer="let_in", reason="known_to_us").status_code == 400
    assert counts(client) == (0, 1)
    say(client, link, answer="gone")
    assert counts(client) == (0, 0)


@pytest.mark.parametrize("said", ["", "maybe", "🦄"])
def test_nonsense_is_no_answer(story: Site, client: FlaskClient, said: str) -> None:
    story.arrive("hassan")
    story.clock.advance(hours=5)
    answer = say(client, links(client)[0], answer=said)
    assert answer.status_code == 400
    assert "Velg et svar." in answer.text
    assert counts(client) == (1, 0)


def test_what_somebody_else_has_settled_is_said_to_be_settled(
    story: Site, client: FlaskClient
) -> None:
    refuse(story, Reason.EXPIRED)
    [link] = links(client)
    token = csrf(client.get(link))
    for _ in range(2):
        form = {"csrf_token": token, "answer": "let_in", "reason": "known_to_us"}
        assert client.post(link, data=form).status_code == 303
    assert client.get(link).status_code == 303
    assert "Dette er avklart allerede." in client.get(BOARD).text
    assert len(words_of_staff(story)) == 1


@pytest.mark.parametrize("link", ["people/v/answer", "attempts/a/answer"])
def test_a_home_that_there_is_not_is_not_found(client: FlaskClient, link: str) -> None:
    assert client.get(f"/institutions/nowhere/{link}").status_code == 404


def test_who_is_out_with_residents_is_on_the_board_by_themselves(
    story: Site, client: FlaskClient
) -> None:
    story.arrive("hassan")
    story.keep(story.pen.went_out(story.ref("hassan"), story.clock() + timedelta(minutes=5)))
    story.clock.advance(minutes=10)
    assert counts(client) == (0, 0)
    assert re.search(r'id="out".*Hassan W\.', client.get(BOARD).text, re.DOTALL)


def messages(client: FlaskClient, home: str = "solbakken") -> list[str]:
    page = client.get(f"/institutions/{home}/board").text
    section = re.search(r'id="messages".*?</ul>', page, re.DOTALL)
    items = re.findall(r"<li>(.*?)<span", section[0], re.DOTALL) if section else []
    return [" ".join(re.sub(r"<[^>]+>", "", item).split()) for item in items]


def test_late_in_the_evening_staff_are_asked_about_everybody_who_is_still_there(
    story: Site, client: FlaskClient
) -> None:
    story.clock.moment = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    story.arrive("hassan")
    assert links(client) == []
    story.clock.moment = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
    assert len(links(client)) == 1


def test_both_homes_are_told_of_a_card_that_cannot_be_at_both(
    story: Site, client: FlaskClient
) -> None:
    with story.writes() as session:
        session.get_one(
            Volunteer, story.card("hassan").volunteer_id
        ).seen_institution_id = InstitutionId("nordstrand")
    refuse(story, Reason.ELSEWHERE)
    words = "Bedt ved døra om å snakke med personalet: Hassan W.{}. Var på et annet sted"
    assert [line.startswith(words.format("")) for line in messages(client)] == [True]
    told = messages(client, "nordstrand")
    assert [line.startswith(words.format(", Solbakken")) for line in told] == [True]
    story.clock.advance(hours=24)
    assert messages(client) == []
