// Makes the links by which the phone finds its page.

/** @param {string} host */
const isLoopback = (host) => /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(host);

/**
 * The links to the phone's page, the likeliest first. A page that was opened at "localhost" puts one of the machine's
 * addresses in its place, since to the phone "localhost" is the phone.
 *
 * The code stands behind the `#`, which no browser sends: it is in no proxy's log, and in no `Referer`.
 *
 * @param {string} page the address of the desktop's page
 * @param {{ member: string, identifier: string, addresses?: readonly string[] }} code
 * @returns {{ links: string[], reachable: boolean }} `reachable` is false if a phone cannot come to any of them
 */
export function phoneLinks(page, { member, identifier, addresses = [] }) {
  const link = new URL("phone.html", page);
  link.search = "";
  link.hash = String(new URLSearchParams({ member_id: member, identifier }));
  if (!isLoopback(link.hostname)) return { links: [link.href], reachable: true };
  // No certificate is made out to an address.
  if (link.protocol !== "http:" || addresses.length === 0) return { links: [link.href], reachable: false };
  const links = addresses.map((address) => {
    link.hostname = address;
    return link.href;
  });
  return { links, reachable: true };
}
