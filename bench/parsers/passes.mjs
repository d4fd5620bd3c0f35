/**
 * Measures what a program does in passes, and prints its samples. `scenarios/passes.mjs` starts such programs, and reads
 * what they print.
 */
import process from "node:process";

// Engines compile while they run: what is measured is the state that a program is in once it is warm.
const WARM_UP = 1_000;

/** The data of the events in a text: how many they are, and how many characters. */
export function dataIn(text) {
  const lines = text.split("\n").filter((line) => line.startsWith("data: "));
  const characters = lines.reduce((sum, line) => sum + line.length - "data: ".length, 0);
  return { count: lines.length, characters };
}

/** The chunks as a stream that gives them when it is asked. */
export function streamOf(chunks) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < chunks.length) controller.enqueue(chunks[at++]);
      else controller.close();
    },
  });
}

const microseconds = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/**
 * Prints the CPU time of each pass, in microseconds for each of `units`, and ends the program. A pass resolves to how many
 * events it had and how many characters they were: other numbers than `expected` are an error.
 */
export async function measure(pass, { passes, units, expected }) {
  const checkedPass = async () => {
    const { count, characters } = await pass();
    if (count === expected.count && characters === expected.characters) return;
    throw new Error(
      `${count} of ${expected.count} events arrived, ${characters} of ${expected.characters} characters`,
    );
  };
  const warm = performance.now() + WARM_UP;
  do await checkedPass(); while (performance.now() < warm);
  const samples = [];
  for (let n = 0; n < passes; n++) {
    const before = microseconds();
    await checkedPass();
    samples.push((microseconds() - before) / units);
  }
  console.log(JSON.stringify(samples));
  process.exit(0);
}
