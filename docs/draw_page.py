"""Make the page in docs/page, and the pictures of it: `python docs/draw_page.py [--poems RUN]`.

It needs playwright and a Chromium. --poems names a run of Chinese poems, for the picture of the poem tab.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from textgen import Generator
from textgen.page import page

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "page"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TITLE, PROMPT = "Jabez, who never saw the sea", "The river "
OWN = (
    '"I never saw the sea," said Jabez, "but I have seen the tide come up the river, and that is the sea\'s own hand."'
)
WIDTH = 1100


def opened(browser, path: Path, fragment: str, scheme: str = "light", width: int = WIDTH) -> Page:
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 720})
    tab: Page = context.new_page()
    tab.goto(path.as_uri() + fragment)
    tab.wait_for_selector("html[data-written]")
    return tab


def shoot(tab: Page, name: str, whole: bool = True) -> None:
    tab.evaluate("document.getElementById('said').textContent = ''")
    tab.screenshot(path=FOLDER / f"{name}.png", full_page=whole)
    tab.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poems", metavar="RUN")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    generator = Generator.load(ROOT / "checkpoints" / "jabez")
    path = FOLDER / "jabez.html"
    path.write_text(page(generator, "jabez", title=TITLE, prompt=PROMPT, bits=8), encoding="utf-8")
    found = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        tab = opened(browser, path, "#prompt=The+river+&temperature=0.7&seed=1&length=420&count=2")
        tab.check("#colour")
        tab.evaluate("delete document.documentElement.dataset.written")
        tab.click("#go")
        tab.wait_for_selector("html[data-written]")
        shoot(tab, "write", whole=False)

        tab = opened(browser, path, "#prompt=My+uncle+said+that+&seed=3&length=20")
        tab.click("#tab-together")
        tab.wait_for_selector("#ways button")
        shoot(tab, "together")

        tab = opened(browser, path, "#length=20&seed=1", "dark")
        tab.click("#tab-surprise")
        tab.fill("#own-prose", OWN)
        tab.click("#read")
        tab.wait_for_selector("#surprising span")
        tab.focus("#surprising")
        for _ in range(OWN.index("tide") + 1):
            tab.keyboard.press("ArrowRight")
        shoot(tab, "surprise")

        tab = opened(browser, path, "#prompt=I+had+an+uncle+who+&seed=6&length=150", width=1360)
        tab.click("#tab-inside")
        tab.wait_for_selector("html[data-steps]")
        for steps in range(20, 23):
            tab.click("#inside-next")
            tab.wait_for_selector(f"html[data-steps='{steps}']")
        tab.fill("#unit", "290")
        tab.press("#unit", "Tab")
        tab.click("#hold")
        tab.click("#compare")
        tab.wait_for_selector("html[data-compared]")
        shoot(tab, "inside")

        tab = opened(browser, path, "#prompt=The+river+&temperature=0.7&seed=1&length=200", "dark", 390)
        shoot(tab, "telephone")

        if arguments.poems:
            poems = FOLDER / "poems.html"
            poems.write_text(page(Generator.load(arguments.poems), "poems", title="Poems"), encoding="utf-8")
            tab = opened(browser, poems, "#seed=2&length=20&count=2")
            tab.click("#tab-poem")
            tab.fill("#acrostic", "江月")
            tab.click("#compose")
            tab.wait_for_selector("html[data-composed='2']")
            shoot(tab, "poem")
            poems.unlink()
        browser.close()


if __name__ == "__main__":
    main()
