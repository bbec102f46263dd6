"""Pages opened in a real browser, from disk and with the network off."""

import contextlib
import shutil

from tests.conftest import missing

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]
PATIENCE = 60_000  # milliseconds: other tests run beside


@contextlib.contextmanager
def chromium():
    """A Chromium; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@contextlib.contextmanager
def opened(browser, path, fragment="", **settings):
    """A tab with a page from disk. At the end there were no requests but for the page itself, and no errors."""
    context = browser.new_context(offline=True, **{"viewport": {"width": 1400, "height": 1000}} | settings)
    tab = context.new_page()
    requests, errors = [], []
    tab.set_default_timeout(PATIENCE)
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("dialog", lambda dialog: errors.append("a dialog"))
    try:
        tab.goto(path.as_uri() + fragment)
        tab.wait_for_selector("html:is([data-ready], [data-failed])")
        assert tab.evaluate("document.documentElement.dataset.failed") is None, errors
        yield tab
        # The worker's script is part of the page; a blob is how a page hands it over.
        assert [url for url in requests if not url.startswith("blob:")] == [path.as_uri()]
        assert errors == []
    finally:
        context.close()
