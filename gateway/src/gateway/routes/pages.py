"""Pages for people: the front page and the API's documentation, with every asset served here."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from gateway.openapi import build_openapi
from gateway.rules import Access, rules

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent.parent
_SECURITY_HEADERS = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; script-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DEMO_ACCOUNTS = ("buyer", "seller", "operator", "admin")


@rules(Access.PUBLIC)
class _Assets(StaticFiles):
    """Files that change with a release only, with the headers of the pages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = {**_SECURITY_HEADERS, "Cache-Control": "public, max-age=3600"}
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in extra.items()),
                ]
            await send(message)

        await super().__call__(scope, receive, send_with_headers)


assets = Mount("/static", _Assets(directory=_HERE / "static"), name="static")


def _page(text: str, policy: str) -> Response:
    return HTMLResponse(
        text,
        headers={
            **_SECURITY_HEADERS,
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
        },
    )


@cache
def _template(name: str) -> Template:
    return Template((_HERE / "pages" / name).read_text(encoding="utf-8"))


@router.get("/", response_class=Response)
@rules(Access.PUBLIC)
async def front_page(request: Request) -> Response:
    """Show what this is and where to go, and the demo logins when there is demo data."""
    settings = request.app.state.settings
    logins = ""
    if settings.demo:
        password = html.escape(settings.demo_password.get_secret_value())
        rows = "".join(
            f"<tr><td>{role}</td><td><code>{role}@soko.example</code></td></tr>"
            for role in _DEMO_ACCOUNTS
        )
        logins = _template("demo.html").substitute(rows=rows, password=password)
    return _page(_template("front.html").substitute(logins=logins), _PAGE_POLICY)


@router.get("/account/reset-password", response_class=Response)
@rules(Access.PUBLIC)
async def reset_password_page() -> Response:
    """Let people who followed a mailed link choose a new password.

    The token stands in the address's fragment, which browsers send to nobody.
    """
    return _page(_template("reset-password.html").substitute(), _PAGE_POLICY)


@router.get("/account/verify-email", response_class=Response)
@rules(Access.PUBLIC)
async def verify_email_page() -> Response:
    """Verify the address of people who followed a mailed link."""
    return _page(_template("verify-email.html").substitute(), _PAGE_POLICY)


@router.get("/docs", response_class=Response)
@rules(Access.PUBLIC)
async def docs() -> Response:
    """Show the API with Swagger UI."""
    return _page(_template("docs.html").substitute(), _DOCS_POLICY)


@router.get("/redoc", response_class=Response)
@rules(Access.PUBLIC)
async def redoc() -> Response:
    """Show the API with Redoc."""
    return _page(_template("redoc.html").substitute(), _DOCS_POLICY)


@router.get("/openapi.json", response_class=Response)
@rules(Access.PUBLIC)
async def openapi_document(request: Request) -> Response:
    """Give the API's description."""
    state = request.app.state
    if getattr(state, "openapi", None) is None:
        state.openapi = orjson.dumps(build_openapi(request.app))
    return Response(
        state.openapi,
        200,
        {"Cache-Control": "no-cache"},
        "application/json",
    )


@router.get("/favicon.ico", response_class=Response)
@rules(Access.PUBLIC)
async def favicon() -> Response:
    """Give browsers the icon that they ask for."""
    return Response(
        (_HERE / "static" / "favicon.svg").read_bytes(),
        200,
        {"Cache-Control": "public, max-age=86400"},
        "image/svg+xml",
    )
