/**
 * Knows which runtime the tests run on, and how to start it once more.
 *
 * @module
 */

export const runtime: "bun" | "deno" | "node" = "Bun" in globalThis
  ? "bun"
  : "Deno" in globalThis
  ? "deno"
  : "node";

/** The arguments after which the running runtime takes the path of a TypeScript file. */
export const runArguments: readonly string[] = {
  bun: ["run"],
  deno: ["run", "-A", "--no-check"],
  node: ["--import", "tsx"],
}[runtime];

/** Collects garbage now, as thoroughly as the runtime can, and says how many bytes are still in use. */
export async function memoryInUse(): Promise<number> {
  const collect = await collector();
  // What one collection frees may be what another object's finalizer waited for.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function collector(): Promise<() => void> {
  if (runtime === "bun") {
    const { Bun } = globalThis as unknown as { Bun: { gc(force: boolean): void } };
    return () => Bun.gc(true);
  }
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
