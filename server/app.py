"""The web application: pages behind safe headers."""

import secrets
from collections.abc import Sequence

from flask import Flask, Response, g
from flask_wtf.csrf import CSRFProtect

from server.pages import add_pages
from server.web import Parts

MAX_BODY_BYTES = 256 * 1024


def create_app(parts: Parts, secret_key: str, frame_ancestors: Sequence[str] = ()) -> Flask:
    """An app with all pages. `frame_ancestors` may show them in a frame; nobody else may."""
    app = Flask("server")
    app.config.update(
        SECRET_KEY=secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        WTF_CSRF_TIME_LIMIT=None,
    )
    # Headers first: a request that the form guard turns away is answered with a page, too.
    _add_headers(app, tuple(frame_ancestors))
    CSRFProtect(app)
    add_pages(app, parts)
    return app


def _add_headers(app: Flask, frame_ancestors: tuple[str, ...]) -> None:
    ancestors = " ".join(frame_ancestors) or "'none'"

    @app.before_request
    def make_nonce() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)

    @app.context_processor
    def name_nonce() -> dict[str, str]:
        return {"csp_nonce": g.csp_nonce}

    @app.after_request
    def add_headers(response: Response) -> Response:
        nonce = g.get("csp_nonce", "")
        headers = response.headers
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'"
            f" 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
            f" form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if not frame_ancestors:
            headers["X-Frame-Options"] = "DENY"
        if not response.direct_passthrough and "public" not in headers.get("Cache-Control", ""):
            headers["Cache-Control"] = "no-store"
        return response
