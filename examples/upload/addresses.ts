/** Finds the addresses at which a phone could reach this machine. */

import { networkInterfaces } from "node:os";

/** The machine's own IPv4 addresses in its networks, those of home and office networks first. */
export function lanAddresses(): string[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal, address }) =>
      family === "IPv4" && !internal && !address.startsWith("169.254.") // which a machine gives itself without a network
    )
    .map(({ address }) => address);
  // A container's bridge is mostly in 172.16/12: possible, and less likely than the others.
  const unlikely = (address: string) => /^172\.(1[6-9]|2\d|3[01])\./.test(address) ? 1 : 0;
  return [...new Set(found)].sort((a, b) => unlikely(a) - unlikely(b));
}
