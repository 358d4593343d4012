"""Adds the pages to an app: blueprints, language, words in templates, friendly faults."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, current_app, render_template, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException, NotFound

from server import web, words
from server.cards.queries import validity
from server.cards.views import blueprint as cards
from server.institutions.services import zone_of
from server.institutions.views import blueprint as institutions
from server.notices.views import blueprint as notices
from server.people.views import blueprint as people
from server.visits.views import blueprint as visits
from server.web import Parts

LANGUAGES = {"nb": "norsk bokmål", "en": "English"}
"""By code, each in its own words. The first is for those who understand neither."""
LANGUAGE_COOKIE = "language"
YEAR_SECONDS = 365 * 24 * 3600

_UNDERSTOOD = {"nb": "nb", "no": "nb", "nn": "nb", "da": "nb", "sv": "nb", "en": "en"}
"""What a browser asks for, and what comes closest."""


def add_pages(app: Flask, parts: Parts) -> None:
    """Make `app` answer on all pages, with these parts."""
    app.extensions[web.EXTENSION] = parts
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR_SECONDS  # `asset` names each version apart
    Babel(
        app,
        default_locale="nb",
        default_translation_directories=str(Path(__file__).parent / "translations"),
        locale_selector=language,
    )
    for blueprint in (institutions, people, cards, notices, visits):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, fault_page)
    app.register_error_handler(DataError, impossible_page)
    app.after_request(remember_language)
    app.teardown_appcontext(web.close_session)
    app.context_processor(_names)
    app.jinja_env.filters.update(
        words=words.words_for,
        clock=words.clock,
        day=words.day,
        local_day=words.local_day,
        moment=words.moment,
        zone=zone_of,
    )


def language() -> str:
    """The code of the language to answer in: asked for, remembered, or the browser's."""
    for code in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if code in LANGUAGES:
            return code
    return _UNDERSTOOD[request.accept_languages.best_match(_UNDERSTOOD, "nb")]


def remember_language(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            language(),
            max_age=YEAR_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    if request.endpoint != "static":
        response.headers["Content-Language"] = language()
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def impossible_page(_fault: DataError) -> tuple[str, int] | HTTPException:
    """Nothing is called by what the database cannot even hold: the character NUL, for one."""
    return fault_page(NotFound())


def fault_page(fault: HTTPException) -> tuple[str, int] | HTTPException:
    """A fault in words, with a way on."""
    code = fault.code or 500
    if code < 400:
        return fault
    title, advice = _fault_words(code)
    return render_template("error.html", title=title, advice=advice), code


def _fault_words(code: int) -> tuple[str, str]:
    if code == 404:
        return _("Not here"), _("There is no such page, or what it was about is gone.")
    if code == 405:
        return _("That cannot be done here"), _("Go back and choose again.")
    if code == 413:
        return _("Too much at once"), _("What was sent is larger than this page accepts.")
    if code < 500:
        return _("That was not understood"), _(
            "Nothing has been changed. Go back, load the page again and try once more."
        )
    return _("Something is wrong on our side"), _(
        "Nothing has been lost. Try again in a moment; tell your contact person if it stays so."
    )


def _names() -> dict[str, object]:
    return {
        "language": str(get_locale()),
        "languages": LANGUAGES,
        "in_language": _in_language,
        "asset": _asset,
        "validity": validity,
        "actor": words.actor,
        "now": web.now,
        "today": web.today,
        "zone": lambda: web.ZONE,
    }


def _in_language(code: str) -> str:
    """This page's address in another language."""
    if request.endpoint is None or request.method != "GET":
        return f"?lang={code}"
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "lang": code}
    return url_for(request.endpoint, **arguments)


def _asset(name: str) -> str:
    folder = Path(current_app.static_folder or "")
    return url_for("static", filename=name, v=_version(folder / name))


@cache
def _version(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:8]
