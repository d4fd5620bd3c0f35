// Every sentence the modules write, in one place: a second language is a second object of this shape.

export const text = {
  state: { connecting: "Connecting", live: "Live", waiting: "Waiting", closed: "Closed" },
  detail: {
    connecting: "Opening the stream…",
    live: "Events arrive as they happen.",
    /** The browser's own EventSource is retrying; it does not say when. */
    waiting: "Connection lost. The browser is trying again…",
    closed: "Disconnected. Nothing is being received.",
    /** @param {number} seconds */
    retryIn: (seconds) => `Connection lost. Next try in ${seconds} s.`,
  },
  connect: "Connect",
  tryNow: "Try now",
  jump: "Jump to newest",
  /** @param {number} count */
  jumpUnread: (count) => `Jump to newest · ${count} unread`,
  /** @param {number} kept @param {number} removed */
  trimmed: (kept, removed) => `Only the newest ${kept} are kept here; ${removed} older removed.`,
  gap: {
    title: "Some events were missed",
    /** @param {string} requested @param {string} resumedAt */
    between: (requested, resumedAt) => `They came after ${requested}, up to ${resumedAt}.`,
    /** @type {Record<string, string>} why, in the server's words and in the reader's */
    reasons: {
      trimmed: "The server no longer had them.",
      epoch: "The server has started anew.",
      invalid: "The server did not know the place to go on from.",
    },
  },
  broadcast: {
    hint: "An empty text sends the server’s time.",
    sent: "Sent.",
    tooLarge: "Not sent: the server takes no more than 64 KB.",
    unreadable: "Not sent: the server could not read it.",
    unreachable: "Not sent: the server cannot be reached.",
    /** @param {number} status */
    refused: (status) => `Not sent: the server answered ${status}. Try again.`,
  },
  /** Stands where a number is not known. */
  unknown: "–",
};
