"""Whether a page fits a screen: nothing wider than the window, no control cut off."""

from __future__ import annotations

from playwright.sync_api import Page

# Controls that stick out of the window, or of an ancestor that cuts off what sticks out. Those in a part that can be
# scrolled are reached by scrolling.
LOOK = """() => {
  const cut = [];
  const says = (node) => (node.innerText || node.getAttribute('aria-label') || node.name || node.tagName).trim().slice(0, 40);
  if (document.documentElement.scrollWidth > innerWidth + 1) cut.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const node of document.querySelectorAll('button, a[href], input:not([type=hidden]), select, summary')) {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || !node.checkVisibility({visibilityProperty: true}) || node.closest('.visually-hidden, .skip')) continue;
    for (let over = node.parentElement; over; over = over.parentElement) {
      const way = getComputedStyle(over).overflowX;
      if (way === 'auto' || way === 'scroll') break;
      if (way === 'visible') continue;
      const edge = over.getBoundingClientRect();
      if (box.right > edge.right + 1 || box.left < edge.left - 1) { cut.push(says(node)); break; }
    }
    if (box.right > innerWidth + 1 || box.left < -1) cut.push(says(node));
  }
  return [...new Set(cut)];
}"""

# The smallest and the largest screen, and the smallest at the largest type.
SCREENS = ((1366, 768, "100"), (1366, 768, "130"), (3840, 2160, "100"))


def cut_off(page: Page) -> list[str]:
    found: list[str] = page.evaluate(LOOK)
    return found


def cut_off_on_any_screen(page: Page) -> dict[str, list[str]]:
    """By screen, what does not fit; empty when everything does."""
    found = {}
    for width, height, text in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("text => { document.documentElement.dataset.text = text; }", text)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if cut := cut_off(page):
            found[f"{width}×{height} at {text} %"] = cut
    return found
