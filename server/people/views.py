"""Finding a volunteer, and the page about one."""

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from presence.ids import VolunteerId
from server import web
from server.people import queries

MOST_CHARACTERS = 60

blueprint = Blueprint("people", __name__)


@blueprint.get("/volunteers")
def search() -> tuple[str, int]:
    words = request.args.get("q", "")
    error = _fault(words)
    found = queries.search(web.session(), "" if error else words, web.page_number(), web.today())
    template = "people/_found.html" if web.is_fragment() else "people/search.html"
    page = render_template(template, found=found, words=words, error=error)
    return page, 400 if error else 200


@blueprint.get("/volunteers/<volunteer>")
def person(volunteer: str) -> str:
    found = queries.person(web.session(), VolunteerId(volunteer), web.today())
    if found is None:
        abort(404)
    return render_template("people/person.html", person=found)


def _fault(words: str) -> str | None:
    if len(words) > MOST_CHARACTERS:
        return str(
            _(
                "Search for at most %(most)s characters; these are %(count)s.",
                most=MOST_CHARACTERS,
                count=len(words),
            )
        )
    if any(not character.isprintable() for character in words):
        return str(_("Search for letters only, without control characters."))
    return None
