// Prints the size of every entry point, minified and gzipped, and exits with 1 when one is over its limit.
import { measureSizes } from "./support/sizes.mjs";

const sizes = await measureSizes();
const rows = sizes.map(({ name, minified, gzipped, limit }) => [
  name,
  ...[minified, gzipped, limit].map((bytes) => bytes === Infinity ? "-" : String(bytes)),
  gzipped > limit ? `over by ${gzipped - limit}` : "",
]);
for (const [name, ...cells] of [["entry point", "minified", "gzipped", "limit", ""], ...rows]) {
  console.log(name.padEnd(24), ...cells.slice(0, 3).map((cell) => cell.padStart(9)), ` ${cells[3]}`);
}
process.exit(sizes.some(({ gzipped, limit }) => gzipped > limit) ? 1 : 0);
