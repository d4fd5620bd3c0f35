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
    resumed: (requested, resumedAt) => `Asked to go on after ${requested}, went on at ${resumedAt}.`,
    /** @param {string} reason */
    reason: (reason) => `Reason: ${reason}.`,
  },
  broadcast: {
    hint: "An empty text sends the server’s time.",
    sent: "Sent.",
    tooLarge: "That is more than the server takes (64 KB). Shorten it and send it again.",
    unreadable: "The server could not read that. Change it and send it again.",
    unreachable: "The server cannot be reached. Your text is kept; send it again when it is back.",
    /** @param {number} status */
    refused: (status) => `The server answered ${status}. Your text is kept; try again in a moment.`,
  },
  /** Stands where a number is not known. */
  unknown: "–",
};
