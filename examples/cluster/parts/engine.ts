/** Starts the server of an engine, to be killed by visitors, unless there is one that is somebody else's, or none. */

import { join } from "node:path";
import { stop } from "../../support/settings.ts";
import { Child } from "./child.ts";
import type { EngineName, EngineSetting } from "./engines.ts";
import { freePort } from "./free_port.ts";
import type { Outages } from "./outages.ts";
import { postgresCommand } from "./postgres.ts";
import { find } from "./programs.ts";

/** An engine that can be used. */
export interface Engine {
  readonly name: EngineName;
  readonly title: string;
  /** Where the shared log is, for clients. */
  readonly address: string;
  /** The server, if it was started here: only that may be killed. */
  readonly server: Child | undefined;
}

/** How a server is made, and where its clients find it. */
interface Made {
  readonly command: readonly string[];
  readonly address: string;
  /** What tells it to end in good order. Default: SIGTERM. */
  readonly ending?: NodeJS.Signals;
  readonly restless?: boolean;
  readonly chatty?: boolean;
}

const servers: Record<Exclude<EngineName, "sqlite">, (folder: string, port: number) => Promise<Made> | Made> =
  {
    redis(folder, port) {
      const program = needed("redis-server", "redis-server", "redis");
      // Every command is written to a file before it is answered, so a Redis that is killed loses nothing: by default a disk
      // that is slow to sync lets it answer first.
      const command = [
        ...[program, "--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", "always"],
      ];
      return { command, address: `redis://127.0.0.1:${port}` };
    },

    nats(folder, port) {
      const program = needed("nats-server", "nats-server", "nats-server");
      const command = [program, "-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", join(folder, "nats")];
      return { command, address: `nats://127.0.0.1:${port}`, chatty: true };
    },

    async postgres(folder, port) {
      const command = await postgresCommand(join(folder, "postgres"), port);
      // SIGTERM waits for all clients to leave, and a server that starts after a kill waits for what is left of the last one.
      return {
        command,
        address: `postgres://postgres@127.0.0.1:${port}/postgres`,
        ending: "SIGINT",
        restless: true,
        chatty: true,
      };
    },
  };

/** Starts what is needed; what is kept lies in `folder`. */
export async function startEngine(
  { name, title, address }: EngineSetting,
  folder: string,
  outages: Outages,
): Promise<Engine> {
  if (address !== undefined) return { name, title, address, server: undefined };
  if (name === "sqlite") return { name, title, address: join(folder, "cluster.db"), server: undefined };
  const port = await freePort();
  const { address: made, ...options } = await servers[name](folder, port);
  const server = new Child(name, { ...options, port, outages });
  await server.start();
  return { name, title, address: made, server };
}

/** Where a program is. */
export function needed(program: string, debian: string, macos: string): string {
  return find(program) ??
    stop(`${program} is not on PATH. On Debian: apt-get install ${debian}; on macOS: brew install ${macos}`);
}
