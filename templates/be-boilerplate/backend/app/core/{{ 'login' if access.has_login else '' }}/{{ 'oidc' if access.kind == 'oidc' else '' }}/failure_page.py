"""The page that a person sees whose login with the identity provider failed, in English or Indonesian."""

from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from app.core.problems import ProblemError

_PAGE = """<!doctype html>
<html lang="{lang}" style="background: Canvas; color: CanvasText">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<main style="font-family: system-ui, sans-serif; line-height: 1.5; max-width: 36rem; margin: 15vh auto; padding: 0 1rem">
<h1>{title}</h1><div role="alert">{text}</div><p><a href="/" style="color: inherit">{back}</a></p></main></html>
"""
_TITLES = {"en": "You are not logged in", "id": "Anda belum masuk"}
_BACK = {"en": "Back", "id": "Kembali"}
# What the details of a problem, which are in English, come to.
_INDONESIAN = {
    400: "Proses masuk ini tidak dimulai di peramban ini, atau terlalu lama. Silakan masuk lagi.",
    401: "Penyedia identitas menolak proses masuk ini. Silakan masuk lagi.",
    403: "Akun Anda tidak dapat dipakai di aplikasi ini. Hubungi pengelola aplikasi.",
    503: "Penyedia identitas sedang tidak tersedia. Coba lagi nanti.",
}


def failure_page(headers: Headers, problem: ProblemError) -> HTMLResponse:
    """Return the page of a problem in the language that a browser prefers."""
    lang = _preferred(headers.get("accept-language", ""))
    text = f'<p lang="en">{escape(problem.detail)}</p>'
    if lang == "id":
        text = f"<p>{_INDONESIAN.get(problem.status, _TITLES[lang])}</p>{text}"
    page = _PAGE.format(lang=lang, title=_TITLES[lang], text=text, back=_BACK[lang])
    return HTMLResponse(page, problem.status, {"Cache-Control": "no-store"})


def _preferred(accepted: str) -> str:
    """Return the first known language of an Accept-Language header; browsers send the preferred one first."""
    ranges = (choice.strip().partition(";")[0] for choice in accepted.split(","))
    languages = (found.partition("-")[0].lower() for found in ranges)
    return next((language for language in languages if language in _TITLES), "en")
