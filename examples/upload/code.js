// Makes the code, 128 random bits, which this tab remembers, so that a reload keeps its pictures.

/** @param {string} member */
const key = (member) => `upload code of member ${member}`;

/** A code that nobody can guess. `randomUUID` would do too, but a page without HTTPS does not have it. */
export function newIdentifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The member's code in this tab: the one remembered, or a new one.
 *
 * @param {string} member @param {{ renew?: boolean }} [options]
 */
export function identifierOf(member, { renew = false } = {}) {
  try {
    const known = sessionStorage.getItem(key(member));
    if (known && !renew) return known;
    const identifier = newIdentifier();
    sessionStorage.setItem(key(member), identifier);
    return identifier;
  } catch {
    return newIdentifier(); // storage is turned off: a reload begins anew
  }
}
