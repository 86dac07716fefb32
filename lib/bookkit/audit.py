"""Open every page of the built book in a browser and list its faults.

``python -m bookkit.audit [SITE]`` prints them, with exit code 1 if there are any; ``--shots DIR`` saves pictures of the pages.
"""

import argparse
import asyncio
import html
import os
import re
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import nbformat

from . import chapters
from .chapters import ROOT

__all__ = [
    "KINDS",
    "SITE",
    "Finding",
    "audit",
    "each_page",
    "figure_findings",
    "main",
    "missing",
    "open_page",
    "page_names",
    "screenshots",
    "searched",
]

SITE = ROOT / "_build/html"
KINDS = {
    "external": "requests a resource from another host",
    "network": "a request fails",
    "picture": "a picture does not show",
    "figure": "a figure lacks number, caption or alt text, or has an alt text that is too short, too long or the caption again",
    "math": "TeX or MyST markup is left as text, a formula has an error, or text was taken for a tag",
    "console": "the console shows a line",
    "axe": "a serious or critical finding of axe-core",
    "overflow": "the page is wider than the window",
    "cut": "a table, a formula or code is wider than its column, or a formula had to become too small to fit",
    "first": "the first figure begins below the first screen of a desktop, or the second of a phone",
    "long": "the page is longer than 40 screens of a desktop",
    "link": "an internal link leads nowhere",
}
ALT_LENGTH = (80, 400)
LONGEST = 40
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 400, "height": 850}

# Lines of the console that come from the theme or the browser; they begin like this.
CONSOLE_ALLOWED = (
    "Failed to load resource",  # Chromium's echo of a request; recorded as `external` or `network`
    # first visit; html_context.default_mode = auto would silence it, and take the colours from a reader without JavaScript
    "Got invalid theme mode: . Resetting to auto.",
    "Slow network is detected. ",  # Chromium on a machine without any network; the fonts it speaks of are local
    "[PST]: ",  # the theme says which colours it chose and where it scrolled to
    "[togglebutton]: Adding toggle buttons to ",
    "Identifier 'THEBE_JS_URL' has already been declared",  # Jupyter Book adds sphinx-thebe's settings twice; nothing uses them
)
# Findings of axe that theme and writer make, whatever a page says: (rule, selector of the element).
AXE_ALLOWED = (
    ("aria-required-children", ".citation-list"),  # docutils: its items are doc-biblioentry, which axe does not take
)

_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

# `window.book`: what runs in the page.
_SCRIPT = files("bookkit").joinpath("audit.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Finding:
    """A fault of a page.

    Parameters
    ----------
    page : str
        Path of the page below the site.
    kind : str
        A key of `KINDS`.
    text : str
        What is wrong, and where.
    """

    page: str
    kind: str
    text: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.page}: {self.kind}: {self.text}"


def missing(site: Path | None = None) -> str:
    """Say what the audit needs and does not find: browser, packages, site; ``""`` if it can run."""
    if shutil.which("chromium") is None:
        return "no chromium on the PATH (apt-get install -y --no-install-recommends chromium)"
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed"
    return f"{site} holds no site; run 'make book'" if site and not (site / "index.html").is_file() else ""


def page_names(site: Path = SITE) -> tuple[str, ...]:
    """List the front page, the pages of the table of contents, and those that the build adds if they are there."""
    # the sources of the modules are alike: the shortest stands for all
    sources = sorted(site.glob("_modules/darkhiggs/*.html"), key=lambda path: (path.stat().st_size, path.name))[:1]
    extra = [path.relative_to(site).as_posix() for path in [*sorted(site.glob("book/api/*.html")), *sources]]
    extra += [name for name in ("genindex.html", "py-modindex.html", "search.html") if (site / name).is_file()]
    return ("index.html", *(f"{name}.html" for name in chapters.pages()), *extra)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the browser reports what fails."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a page that closes before it is answered."""


@asynccontextmanager
async def _browser(site: Path) -> AsyncIterator[tuple[Callable[..., Awaitable[Any]], str]]:
    """Serve a site on a free port and open a browser on it; yields what makes a fresh profile, and the address."""
    from playwright.async_api import async_playwright

    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        place = f"127.0.0.1:{server.server_port}"
        # requests to other hosts go to a proxy that does not exist; intercepting them would switch off the cache of the browser
        only_here = ["--proxy-server=127.0.0.1:1", f"--proxy-bypass-list=<-loopback>;{place}"]

        async def profile(**options: Any) -> Any:
            context = await browser.new_context(viewport=DESKTOP, reduced_motion="reduce", service_workers="block", **options)
            await context.add_init_script("localStorage.clear()")  # every visit is a first one
            await context.add_init_script(_SCRIPT)
            context.set_default_timeout(120_000)
            return context

        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_CHROMIUM + only_here)
                yield profile, f"http://{place}/"
                await browser.close()
        finally:
            server.shutdown()
            thread.join()


async def open_page(page: Any, url: str) -> None:
    """Go to a page, follow a refresh, and wait until nothing moves."""
    await page.goto(url)
    await page.wait_for_function("() => !document.querySelector('meta[http-equiv=refresh i]')")
    await page.wait_for_load_state("load")
    await page.evaluate("book.settle()")


async def _theme(page: Any, scheme: str) -> None:
    """Show a page in the light or the dark theme, as a reader's system would ask for it."""
    await page.emulate_media(color_scheme=scheme)
    await page.wait_for_function("name => [undefined, name].includes(document.documentElement.dataset.theme)", arg=scheme)


async def each_page(site: Path, pages: Sequence[str], visit: Callable[[Any, str, str], Awaitable[None]]) -> None:
    """Visit pages in one browser, one a core at once, the largest first; a visit gets page, address and name."""
    todo = sorted(pages, key=lambda name: (site / name).stat().st_size)

    async def reader() -> None:
        context = await profile()
        while todo:
            name = todo.pop()
            page = await context.new_page()
            await visit(page, base, name)
            await page.close()

    async with _browser(site) as (profile, base):
        await asyncio.gather(*(reader() for _ in range(os.cpu_count() or 1)))


def audit(site: Path = SITE, pages: Sequence[str] | None = None) -> list[Finding]:
    """Open pages of a built site and collect their faults.

    Parameters
    ----------
    site : Path
        Folder of the site.
    pages : sequence of str, optional
        Paths below it; default all of `page_names`.

    Returns
    -------
    list of Finding
        In the order of the pages.
    """
    names = page_names(site) if pages is None else pages
    found: dict[str, list[Finding]] = {}

    @cache
    def ids(path: Path) -> frozenset[str]:
        return frozenset(html.unescape(text) for text in re.findall(r'\bid="([^"]*)"', path.read_text(encoding="utf-8")))

    async def visit(page: Any, base: str, name: str) -> None:
        found[name] = [Finding(name, kind, text) for kind, text in await _inspect(page, base, site, name, ids)]

    asyncio.run(each_page(site, names, visit))
    return list(dict.fromkeys(finding for name in names for finding in found[name]))


async def _inspect(page: Any, base: str, site: Path, name: str, ids: Callable[[Path], frozenset[str]]) -> list[tuple[str, str]]:
    from axe_playwright_python.base import AXE_SCRIPT

    found: list[tuple[str, str]] = []

    def note(kind: str, text: str) -> None:
        found.append((kind, text))

    def on_console(text: str) -> None:
        if not text.startswith(CONSOLE_ALLOWED):
            note("console", text)

    def on_request(request: Any) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            note("external", request.url)

    def on_failure(request: Any) -> None:
        if request.url.startswith(base):
            note("network", f"{request.failure}: {request.url.removeprefix(base)}")

    def on_response(response: Any) -> None:
        if response.status >= 400:
            note("network", f"status {response.status}: {response.url.removeprefix(base)}")

    page.on("console", lambda message: on_console(message.text))
    page.on("pageerror", lambda error: on_console(error.message))
    page.on("request", on_request)
    page.on("requestfailed", on_failure)
    page.on("response", on_response)
    page.on("websocket", lambda socket: note("external", socket.url))
    await page.emulate_media(color_scheme="light")
    await open_page(page, f"{base}{name}")

    probe = await page.evaluate("book.probe()")
    for kind in ("picture", "math"):
        for text in probe[kind]:
            note(kind, text)
    for figure in probe["figures"]:
        for fault in _figure_faults(figure):
            note("figure", f"{figure['source']}: {fault}")
    for url in probe["links"]:
        if fault := _link_fault(site, base, url, ids):
            note("link", fault)

    async def axe(context: Any, options: dict[str, Any], where: str) -> None:
        for text in await page.evaluate("given => book.axe(given)", [context, options, AXE_ALLOWED]):
            note("axe", f"{text} ({where})")

    await page.evaluate(AXE_SCRIPT)
    for size in (DESKTOP, PHONE):
        await page.set_viewport_size(size)
        if text := await page.evaluate("book.overflow()"):
            note("overflow", text)
        for text in await page.evaluate("book.cut()"):
            note("cut", f"{text} ({size['width']} px)")
        top = await page.evaluate("book.figure()")
        if top > (1 if size is DESKTOP else 2) * size["height"]:
            note("first", f"the figure begins at {top:.0f} px ({size['width']} px wide, {size['height']} px high)")
        if size is DESKTOP and (screens := await page.evaluate("book.height()") / size["height"]) > LONGEST:
            note("long", f"the page has {screens:.0f} screens")
    await page.wait_for_timeout(400)  # the theme lets a key scroll what became too wide, after 300 ms
    await axe("html", {"runOnly": ["scrollable-region-focusable"]}, f"light, {PHONE['width']} px")
    await page.set_viewport_size(DESKTOP)
    await page.evaluate("book.mark()")
    await page.evaluate("book.thin()")
    await axe("html", {"rules": {"color-contrast": {"enabled": False}}}, f"light, {DESKTOP['width']} px")
    for scheme in ("light", "dark"):
        await _theme(page, scheme)
        if await page.evaluate("book.mark()"):
            await axe("[data-contrast]", {"runOnly": ["color-contrast"]}, f"{scheme}, {DESKTOP['width']} px")
    return found


def _link_fault(site: Path, base: str, url: str, ids: Callable[[Path], frozenset[str]]) -> str:
    """Say why an internal link leads nowhere, ``""`` if it does not or is not internal."""
    if url.startswith("file:"):
        return f"{url} is on this machine only"
    if not url.startswith(base):
        return ""
    place, _, fragment = unquote(url.removeprefix(base)).partition("#")
    target = site / place.partition("?")[0]
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file() or target.stat().st_size == 0:
        return f"{place} is not there, or empty"
    if fragment and fragment not in ids(target):
        return f"{place} has no place #{fragment}"
    return ""


def _alt_faults(alt: str, caption: str) -> list[str]:
    plain = [re.sub(r"\W+", " ", text).strip().lower() for text in (alt, caption)]
    faults = [] if ALT_LENGTH[0] <= len(alt.strip()) <= ALT_LENGTH[1] else [
        f"the alt text has {len(alt.strip())} characters, not {ALT_LENGTH[0]} to {ALT_LENGTH[1]}"
    ]  # fmt: skip
    return faults + (["the alt text repeats the caption"] if plain[0] and plain[0] == plain[1] else [])


def _figure_faults(figure: dict[str, Any]) -> list[str]:
    if not figure["inside"]:
        return ["a picture outside a figure, so without number and caption"]
    faults = [f"no {part}" for part in ("number", "caption") if not figure[part].strip()]
    return faults + _alt_faults(figure["alt"], figure["caption"])


def figure_findings(notebook: nbformat.NotebookNode) -> list[str]:
    """Check name, caption and alt text of a notebook's figures, without building the book.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter with stored outputs.

    Returns
    -------
    list of str
        One sentence a fault.
    """
    found: list[str] = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        settings = cell.metadata.get("mystnb", {})
        bundles = [output.get("data", {}) for output in cell.get("outputs", [])]
        draws = any(kind.startswith("image/") for data in bundles for kind in data)
        draws = draws or any(str(data.get("text/plain", "")).startswith("<Figure") for data in bundles)
        if "figure" not in settings:
            found += [f"cell {number} draws a figure but its metadata has no mystnb.figure"] if draws else []
            continue
        figure, alt = settings["figure"], str(settings.get("image", {}).get("alt", ""))
        faults = [f"the figure has no {part}" for part in ("name", "caption") if not str(figure.get(part, "")).strip()]
        found += [f"cell {number}: {fault}" for fault in faults + _alt_faults(alt, str(figure.get("caption", "")))]
    return found


def screenshots(site: Path, folder: Path, pages: Sequence[str] | None = None) -> list[Path]:
    """Save pictures of whole pages in the light theme, in the dark one and on a phone, to look at.

    Parameters
    ----------
    site : Path
        Folder of the site.
    folder : Path
        Where the pictures go.
    pages : sequence of str, optional
        Paths below the site; default all of `page_names` but the front page, which only leads to the first.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    async def visit(page: Any, base: str, name: str) -> None:
        await open_page(page, f"{base}{name}")
        for look, scheme, size in (("light", "light", DESKTOP), ("dark", "dark", DESKTOP), ("phone", "light", PHONE)):
            await page.set_viewport_size(size)
            await _theme(page, scheme)
            path = folder / f"{name.removesuffix('.html').replace('/', '-')}-{look}.png"
            await page.screenshot(path=path, full_page=True)
            written.append(path)

    asyncio.run(each_page(site, page_names(site)[1:] if pages is None else pages, visit))
    return sorted(written)


def searched(site: Path, queries: Sequence[str], first: int = 3) -> dict[str, list[str]]:
    """Type words into the search of a site and return the pages that come first.

    Parameters
    ----------
    site : Path
        Folder of the site.
    queries : sequence of str
        What is typed.
    first : int
        How many pages of each answer are returned.

    Returns
    -------
    dict of str to list of str
        Paths below the site, without ending, in the order of the answer, by query.
    """
    found: dict[str, list[str]] = {}

    async def ask() -> None:
        async with _browser(site) as (profile, base):
            page = await (await profile()).new_page()
            for query in queries:
                await page.goto(f"{base}search.html?q={quote(query)}")
                # the summary is written once the last answer is there
                await page.wait_for_function("() => document.querySelector('.search-summary')?.textContent.trim().length > 0")
                links = await page.evaluate("[...document.querySelectorAll('ul.search > li > a')].map(link => link.href)")
                places = (link.removeprefix(base).partition("#")[0].partition("?")[0] for link in links)
                found[query] = list(dict.fromkeys(place.removesuffix(".html") for place in places))[:first]

    asyncio.run(ask())
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bookkit.audit", description="List the faults of the built pages.")
    parser.add_argument("site", nargs="?", type=Path, default=SITE, help="folder of the site (default _build/html)")
    parser.add_argument("--shots", type=Path, metavar="DIR", help="save pictures of the pages instead: light, dark, phone")
    arguments = parser.parse_args(argv)
    if reason := missing(arguments.site):
        print(f"error: {reason}", file=sys.stderr)
        return 2
    if arguments.shots:
        print(f"{len(screenshots(arguments.site, arguments.shots))} pictures in {arguments.shots}")
        return 0
    found = audit(arguments.site)
    print("".join(f"{finding}\n" for finding in found) + f"{len(page_names(arguments.site))} pages, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
