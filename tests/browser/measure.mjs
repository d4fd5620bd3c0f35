// Measures a page's layout. Each of these functions runs in the page.

/** In the page: whether light text stands on a dark ground. */
export function isDark() {
  const { color, backgroundColor } = getComputedStyle(document.body);
  const brightness = (rgb) => rgb.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
  return brightness(color) > brightness(backgroundColor);
}

/** In the page: what sticks out of the window to the right. */
export function sidewaysOverflow() {
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 80));
}

/** In the page: resolves when the current layout has been painted. */
export function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

/** In the page: brings what moves to its end, which it would not come to by itself in a tab that gets no frames. */
export function settled() {
  for (const animation of document.getAnimations()) {
    if (animation.effect.getTiming().iterations !== Infinity) animation.finish();
  }
}
