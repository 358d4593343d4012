"""What the pages show of silence and of renewals."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from demo.sample.homes import SOLBAKKEN
from presence.policy import Policy
from server.cards.renewal import renew
from server.kiosks.models import Kiosk
from server.notices.silence import silences, tell_of
from server.people.models import Conversation, HeldBy
from server.people.services import keep_conversation
from tests.integration.pages_stand import NOW, Site


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nb", "Kiosken har ikke gitt lyd fra seg på lenge, Solbakken."),
        ("en", "The kiosk has not been heard for a long time, Solbakken."),
    ],
)
def test_a_chapter_reads_which_kiosk_is_silent(story: Site, language: str, words: str) -> None:
    story.hear()
    with story.writes() as session:
        told = [
            tell_of(session, NOW, one)
            for one in silences(session, NOW + timedelta(hours=25))
            if one.institution == SOLBAKKEN.id
        ]
        name = session.scalar(sa.select(Kiosk.name).where(Kiosk.id == SOLBAKKEN.kiosk))
    assert told == [True]
    page = story.app.test_client().get(f"/alerts?chapter=fjordby&lang={language}").text
    assert words in page
    assert f"{name}" in page
    assert page.count('class="row"') == 1
    assert "Unknown card" not in page
    assert "Ukjent kort" not in page


def test_a_cards_page_tells_its_renewal(story: Site) -> None:
    person = story.sample.cast["expired"]
    today = NOW.date()
    with story.writes() as session:
        held = Conversation(
            volunteer_id=person.volunteer_id, day=today, held_by=HeldBy.ACTIVITY_LEADER
        )
        keep_conversation(session, NOW, today, held, "chapter")
        renew(session, NOW, today, person.card_id, Policy(), "chapter")
    page = story.app.test_client().get(f"/cards/{person.card_id}?lang=nb").text
    assert "Kortet er fornyet til og med 24. november 2029" in page
    assert page.count("Kortet er i bruk") == 1
