// Prints the size of every entry point, minified and gzipped, and exits with 1 when one is over its goal.
import { measureSizes } from "./support/sizes.mjs";

const sizes = await measureSizes();
const rows = sizes.map(({ name, minified, gzipped, goal }) => [
  name,
  ...[minified, gzipped, goal].map((bytes) => bytes === Infinity ? "-" : String(bytes)),
  gzipped > goal ? `over by ${gzipped - goal}` : "",
]);
for (const [name, ...cells] of [["entry point", "minified", "gzipped", "goal", ""], ...rows]) {
  console.log(name.padEnd(24), ...cells.slice(0, 3).map((cell) => cell.padStart(9)), ` ${cells[3]}`);
}
process.exit(sizes.some(({ gzipped, goal }) => gzipped > goal) ? 1 : 0);
