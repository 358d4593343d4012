"""Where staff answer: is somebody in doubt in the house, or not; is somebody let in?"""

import os

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from presence.ids import RANDOM_BYTES, EventId, InstitutionId, VolunteerId, uuid7
from server import web
from server.institutions import queries
from server.institutions.board import Board, Guest
from server.visits import staff
from server.visits.models import LetInReason
from server.visits.projection import Whose

ACTOR = "institution"
HERE, GONE, LET_IN = "here", "gone", "let_in"
blueprint = Blueprint("visits", __name__)


@blueprint.get("/institutions/<institution>/people/<volunteer>/answer")
def ask(institution: str, volunteer: str) -> str | BaseResponse:
    board = _board(institution)
    guest = _present(board, volunteer)
    return _over(institution) if guest is None else _question(board, guest)


@blueprint.post("/institutions/<institution>/people/<volunteer>/answer")
def answer(institution: str, volunteer: str) -> BaseResponse | tuple[str, int]:
    board = _board(institution)
    guest, said = _present(board, volunteer), request.form.get("answer", "")
    if guest is None:
        return _over(institution)
    if said not in (HERE, GONE):
        return _question(board, guest, _("Choose an answer.")), 400
    whose = Whose(InstitutionId(institution), VolunteerId(volunteer))
    with web.writing() as session:
        staff.say(session, web.now(), _fresh(), whose, ACTOR, is_here=said == HERE)
    return _done(institution)


@blueprint.get("/institutions/<institution>/attempts/<attempt>/answer")
def ask_attempt(institution: str, attempt: str) -> str | BaseResponse:
    board = _board(institution)
    guest = _sent_to_staff(board, attempt)
    return _over(institution) if guest is None else _question(board, guest)


@blueprint.post("/institutions/<institution>/attempts/<attempt>/answer")
def answer_attempt(institution: str, attempt: str) -> BaseResponse | tuple[str, int]:
    board = _board(institution)
    guest, said = _sent_to_staff(board, attempt), request.form.get("answer", "")
    if guest is None:
        return _over(institution)
    if said == GONE:
        with web.writing() as session:
            staff.dismiss(session, web.now(), EventId(attempt), ACTOR)
        return _done(institution)
    if said != LET_IN or not guest.can_be_let_in:
        return _question(board, guest, _("Choose an answer.")), 400
    reason = _reason()
    if reason is None:
        return _question(board, guest, _("Choose why you let the person in.")), 400
    with web.writing() as session:
        staff.let_in(session, web.now(), _fresh(), EventId(attempt), reason, ACTOR)
    return _done(institution)


def _present(board: Board, volunteer: str) -> Guest | None:
    people = (*board.on_site, *board.possible, *board.out)
    return next((one for one in people if one.volunteer == volunteer and not one.attempt), None)


def _sent_to_staff(board: Board, attempt: str) -> Guest | None:
    return next((one for one in board.possible if one.attempt == attempt), None)


def _board(institution: str) -> Board:
    found = queries.board(web.session(), InstitutionId(institution), web.now())
    return found or abort(404)


def _question(board: Board, guest: Guest, error: str | None = None) -> str:
    return render_template(
        "visits/answer.html", board=board, guest=guest, reasons=LetInReason, error=error
    )


def _done(institution: str) -> BaseResponse:
    flash(_("Thank you. The list is up to date."))
    return _to_board(institution)


def _over(institution: str) -> BaseResponse:
    """Somebody else has answered, or the person has come or gone meanwhile."""
    flash(_("This has been settled already. The list is up to date."))
    return _to_board(institution)


def _to_board(institution: str) -> BaseResponse:
    return redirect(url_for("institutions.board", institution=institution), 303)


def _reason() -> LetInReason | None:
    return {one.value: one for one in LetInReason}.get(request.form.get("reason", ""))


def _fresh() -> EventId:
    return EventId(uuid7(web.now(), os.urandom(RANDOM_BYTES)))
