/**
 * Splits the text of an append into its frames, for stores that keep what was appended together as one text.
 *
 * @module
 */

/** Takes apart what was appended together: each frame ends with a blank line, and has none before that. */
export function splitFrames(text: string): string[] {
  const frames: string[] = [];
  for (let from = 0; from < text.length;) {
    const end = text.indexOf("\n\n", from);
    const next = end < 0 ? text.length : end + 2;
    frames.push(text.slice(from, next));
    from = next;
  }
  return frames;
}

/** Whether a text is one frame, which can be told from those before and after it. */
export function isFrame(text: string): boolean {
  return text.length > 2 && text.indexOf("\n\n") === text.length - 2;
}
