"""The page of a card, and reporting it lost."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from server import web
from server.cards import queries, services
from server.cards.picture import card_picture
from server.cards.queries import CardFile, Reporter

SAMPLE_LABEL = "PRØVE"
"""On every card that is none (DOMAIN, "Six facts")."""

blueprint = Blueprint("cards", __name__)


_REPORTERS = {reporter.value: reporter for reporter in Reporter}


@blueprint.get("/cards/<card>")
def card(card: str) -> str:
    return render_template("cards/card.html", file=_file(card))


@blueprint.get("/cards/<card>/code.svg")
def code(card: str) -> Response:
    """The card's QR. Whoever sees it can copy it, as with the card itself."""
    file = _file(card)
    picture = card_picture(
        services.code_of(file.card, web.card_key()), SAMPLE_LABEL if file.is_sample else None
    )
    return Response(picture, mimetype="image/svg+xml")


@blueprint.get("/cards/<card>/lost")
def confirm_lost(card: str) -> str:
    return _confirmation(_file(card), None)


@blueprint.post("/cards/<card>/lost")
def report_lost(card: str) -> BaseResponse | tuple[str, int]:
    file = _file(card)
    reporter = _REPORTERS.get(request.form.get("reporter", ""))
    if reporter is None:
        return _confirmation(file, _("Choose who reports the card.")), 400
    with web.writing() as session:
        was_in_use = services.report_lost(session, web.now(), card, reporter)
    if was_in_use:
        flash(_("The card is reported lost. It is refused at every connected kiosk."))
    return redirect(url_for(".card", card=card), 303)


def _file(card: str) -> CardFile:
    found = queries.card_file(web.session(), card, web.today())
    if found is None:
        abort(404)
    return found


def _confirmation(file: CardFile, error: str | None) -> str:
    return render_template("cards/lost.html", file=file, reporters=Reporter, error=error)
