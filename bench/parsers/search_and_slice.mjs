/**
 * Parses as the floor: it finds the end of each event and cuts out its data, and takes for granted that an event is one
 * line with `data: `. No parser of event streams can do less, and none that does only this is right.
 */
export function parseText(chunks, onEvent) {
  let rest = "";
  let isEndCut = false;
  for (const chunk of chunks) {
    let text = chunk;
    let end = text.indexOf("\n\n");
    if (rest && (end >= 0 || (isEndCut && text.startsWith("\n")))) {
      text = [rest, text].join("");
      rest = "";
      end = text.indexOf("\n\n");
    }
    let start = 0;
    for (; end >= 0; end = text.indexOf("\n\n", start)) {
      onEvent({ event: "message", data: text.slice(start + 6, end), lastEventId: "" });
      start = end + 2;
    }
    rest += text.slice(start);
    isEndCut = text.endsWith("\n");
  }
}
