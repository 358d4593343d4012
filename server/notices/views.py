"""The list of alerts of a chapter."""

from flask import Blueprint, abort, render_template, request

from presence.ids import ChapterId
from server import web
from server.cards.chips import legacy_cards
from server.notices import queries

blueprint = Blueprint("notices", __name__)


@blueprint.get("/alerts")
def alerts() -> str:
    session = web.session()
    wanted = request.args.get("chapter") or None
    chapters = queries.chapters(session)
    if wanted is not None and wanted not in {chapter.id for chapter in chapters}:
        abort(404)
    chapter = None if wanted is None else ChapterId(wanted)
    found = queries.alerts(session, chapter, web.page_number())
    return render_template(
        "notices/alerts.html",
        found=found,
        chapters=chapters,
        chapter=chapter,
        legacy_cards=legacy_cards(session, chapter),
    )
