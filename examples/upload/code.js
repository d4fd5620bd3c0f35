// Makes the code, 128 random bits, which all tabs of this browser share, and which a reload finds again with its pictures.

/** A new code is good for so many milliseconds at least, until the server has said how long. */
const AT_LEAST = 60_000;

/** @param {string} member */
const key = (member) => `upload code of member ${member}`;

/** A code that nobody can guess. `randomUUID` would do too, but a page without HTTPS does not have it. */
export function newIdentifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The member's code: the one that this browser's tabs share while it is good, or the one that this tab had, which may have
 * ended, or a new one.
 *
 * @param {string} member @param {{ renew?: boolean }} [options]
 */
export function identifierOf(member, { renew = false } = {}) {
  try {
    const known = renew ? undefined : shared(member) ?? sessionStorage.getItem(key(member));
    const identifier = known ?? newIdentifier();
    sessionStorage.setItem(key(member), identifier);
    if (!known) share(member, identifier, Date.now() + AT_LEAST);
    return identifier;
  } catch {
    return newIdentifier(); // storage is turned off: a reload begins anew, and each tab is for itself
  }
}

/** Remembers when the code ends, unless another one has taken its place. @param {string} member @param {string} identifier @param {number} ends */
export function rememberEnd(member, identifier, ends) {
  try {
    if (shared(member) === identifier) share(member, identifier, ends);
  } catch { /* storage is turned off */ }
}

/** Calls back when another tab has a new code for the member. @param {string} member @param {(identifier: string) => void} callback */
export function onOtherCode(member, callback) {
  addEventListener("storage", (/** @type {any} */ event) => {
    const identifier = event.key === key(member) ? shared(member) : undefined;
    if (identifier !== undefined) callback(identifier);
  });
}

/** @param {string} member @param {string} identifier @param {number} ends */
function share(member, identifier, ends) {
  localStorage.setItem(key(member), JSON.stringify({ identifier, ends }));
}

/** @param {string} member @returns {string | undefined} */
function shared(member) {
  const { identifier, ends } = JSON.parse(localStorage.getItem(key(member)) ?? "{}");
  return ends > Date.now() ? identifier : undefined;
}
