"""What a reader's browser shows and when: the measurements of `bench_reading`, in headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1440, "height": 900}
# The same in every viewer that stands on Cornerstone: an image counts as shown with the frame after its drawing.
LISTEN = """(() => {
  const now = () => performance.timeOrigin + performance.now();
  const notes = (window.benchNotes = { first: 0, keys: [], signed: 0, ready: 0 });
  const send = EventTarget.prototype.dispatchEvent;
  EventTarget.prototype.dispatchEvent = function (event) {
    const answer = send.call(this, event);
    if (event.type === 'CORNERSTONE_IMAGE_RENDERED' && !notes.first && this.clientWidth > 200) {
      notes.first = -1;
      requestAnimationFrame(() => requestAnimationFrame(() => { notes.first = now(); }));
    }
    return answer;
  };
  document.addEventListener('keydown', (event) => notes.keys.push([event.key, now()]), true);
  new MutationObserver(() => {
    const said = document.documentElement?.dataset ?? {};
    if (said.signed === 'yes' && !notes.signed) notes.signed = now();
    if (said.viewer === 'ready' && !notes.ready) notes.ready = now();
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-signed', 'data-viewer'] });
})();"""
# One turn of the wheel and the frame it is drawn into, the next turn once that frame is out; milliseconds of each step.
SCROLL = """async ([selector, steps, down]) => {
  const pane = document.querySelector(selector);
  const turned = () => new Promise((resolve) => {
    const late = setTimeout(() => { stuck += 1; resolve(); }, 1000);
    pane.addEventListener('CORNERSTONE_IMAGE_RENDERED', () => {
      clearTimeout(late);
      setTimeout(resolve);
    }, { once: true });
  });
  const { left, top, width, height } = pane.getBoundingClientRect();
  const [clientX, clientY] = [left + width / 2, top + height / 2];
  const taken = [];
  let stuck = 0;
  const from = performance.now();
  for (let step = 0; step < steps && stuck < 10; step += 1) {
    const began = performance.now();
    const shown = turned();
    const target = document.elementFromPoint(clientX, clientY) ?? pane;
    target.dispatchEvent(new WheelEvent('wheel', {
      deltaY: down ? 100 : -100, bubbles: true, cancelable: true, clientX, clientY,
    }));
    await shown;
    taken.push(performance.now() - began);
  }
  return { taken, stuck, seconds: (performance.now() - from) / 1000 };
}"""
PRESS_AND_DRAW = """async ([selector, key]) => {
  const pane = document.querySelector(selector);
  const began = performance.now();
  const drawn = new Promise((resolve) => {
    pane.addEventListener('CORNERSTONE_IMAGE_RENDERED', () => requestAnimationFrame(resolve), { once: true });
  });
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await drawn;
  return performance.now() - began;
}"""


@dataclass(frozen=True)
class Viewer:
    """Where a study opens and what its pane is called."""

    address: Callable[[str], str]
    pane: str


OURS = Viewer(lambda uid: f"/studies/{uid}/", ".vp .surface")
OHIF = Viewer(lambda uid: f"/viewer/?StudyInstanceUIDs={uid}", ".cornerstone-viewport-element")


@contextmanager
def profile(playwright: Playwright, folder: Path) -> Iterator[BrowserContext]:
    """A browser on a profile of its own, as a person has one: with a cache on disk that outlives the page."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Install Chromium, or set CHROMIUM to its path."
    context = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=program, args=FLAGS, viewport=SIZE
    )
    context.add_init_script(LISTEN)
    try:
        yield context
    finally:
        context.close()


def sign_in(context: BrowserContext, url: str, password: str) -> Page:
    page = context.pages[0] if context.pages else context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", "reader")
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/worklist/"))
    return page


def until(page: Page, question: str, seconds: float = 60) -> Any:
    """What the page answers to a JavaScript expression as soon as it is true; the policy forbids polling inside."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        answer = page.evaluate(f"() => ({question})")
        if answer:
            return answer
        time.sleep(0.02)
    raise TimeoutError(f"not within {seconds} s on {page.url}: {question}")


def fetched(page: Page, least_s: float, most_s: float = 180) -> None:
    """Wait until the viewer has fetched what it will: two seconds without a request for an image."""
    last = began = time.monotonic()

    def heard(request: Any) -> None:
        nonlocal last
        if "/instances/" in request.url:
            last = time.monotonic()

    page.on("requestfinished", heard)
    while time.monotonic() < began + most_s:
        page.wait_for_timeout(250)
        if time.monotonic() > max(began + least_s, last + 2):
            break
    page.remove_listener("requestfinished", heard)


def first_image(page: Page, url: str, viewer: Viewer, uid: str) -> float:
    """Seconds from the navigation to the first image on the screen."""
    page.goto(f"{url}{viewer.address(uid)}", wait_until="commit")
    shown = until(page, "window.benchNotes?.first > 0 && window.benchNotes.first", 120)
    return float(shown - page.evaluate("() => performance.timeOrigin")) / 1000


def scrolled(page: Page, viewer: Viewer, steps: int, *, down: bool) -> dict[str, Any]:
    """Scroll by wheel, a step as soon as the one before is shown."""
    box = page.locator(viewer.pane).first.bounding_box()
    assert box is not None
    # Some viewers scroll only the pane that the pointer has entered.
    page.mouse.move(box["x"] + box["width"] / 2 - 9, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    found = page.evaluate(SCROLL, [viewer.pane, steps, down])
    taken = sorted(found["taken"])
    return {
        "steps": len(taken),
        "slices_per_s": round((len(taken) - found["stuck"]) / found["seconds"], 1),
        "median_ms": round(taken[len(taken) // 2], 1),
        "p95_ms": round(taken[int(len(taken) * 0.95)], 1),
        "worst_ms": round(taken[-1], 1),
        "over_100_ms": sum(one > 100 for one in taken),
        "stuck": found["stuck"],
    }


def window_changes(page: Page, rounds: int) -> list[float]:
    """Milliseconds from a window key to the frame that shows it."""
    return [float(page.evaluate(PRESS_AND_DRAW, [OURS.pane, "21"[turn % 2]])) for turn in range(rounds)]


def read_normal(page: Page, url: str) -> dict[str, float]:
    """From the list to a signed normal to the first image of the next study: keys, and seconds of the system.

    The person's own time is left out: a key is pressed when the page shows what it is pressed for.
    """
    page.goto(f"{url}/worklist/")
    until(page, "document.documentElement.dataset.worklist === 'ready'")
    page.wait_for_timeout(1500)  # a person looks at the list
    keys = 0

    def press(key: str) -> float:
        nonlocal keys
        keys += 1
        before = page.evaluate("() => performance.timeOrigin + performance.now()")
        page.keyboard.press(key)
        return float(before)

    began = press("Enter")
    page.wait_for_url(re.compile("/studies/"), wait_until="commit")
    opened = until(page, "window.benchNotes?.first > 0 && window.benchNotes.first") - began
    first = page.url
    page.wait_for_timeout(4000)  # a person looks at the images
    press("n")
    began = press("Control+Enter")
    signed = until(page, "window.benchNotes.signed") - began
    page.wait_for_timeout(500)
    began = press("j")
    page.wait_for_url(lambda address: "/studies/" in address and address != first, wait_until="commit")
    following = until(page, "window.benchNotes?.first > 0 && window.benchNotes.first") - began
    parts = {"open_s": opened, "sign_s": signed, "next_s": following}
    return {name: round(value / 1000, 3) for name, value in parts.items()} | {
        "total_s": round((opened + signed + following) / 1000, 3),
        "keys": keys,
    }


def memory_mb(processes: list[int]) -> float:
    """The proportional set size of the processes together, in MB: shared pages are counted once."""
    total = 0
    for pid in processes:
        try:
            words = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(value) for value in re.findall(r"^Pss:\s+(\d+) kB", words, re.MULTILINE))
    return round(total * 1024 / 1e6, 1)


def renderers(folder: Path) -> list[int]:
    """The renderer processes of the browser that runs on the profile."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            if "--type=renderer" in command and _runs_on(int(entry.name), str(folder)):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _runs_on(pid: int, folder: str) -> bool:
    """Has one of the processes above this one been started with the profile?"""
    while pid > 1:
        if f"--user-data-dir={folder}" in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
            return True
        pid = int(re.search(r"^PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])  # type: ignore[index]
    return False
