/** Reads which engine is to hold the shared log, and where that is. */

import process from "node:process";
import { stop } from "../../support/settings.ts";

interface Kind {
  /** Its name, as people write it. */
  readonly title: string;
  /** The setting that says where it is. */
  readonly variable: string;
  /** What that setting looks like. */
  readonly pattern: RegExp;
  readonly example: string;
}

export type EngineName = "redis" | "nats" | "sqlite" | "postgres";

const KINDS: Readonly<Record<EngineName, Kind>> = {
  redis: {
    title: "Redis",
    variable: "REDIS_URL",
    pattern: /^rediss?:\/\/./,
    example: "redis://127.0.0.1:6379",
  },
  nats: {
    title: "NATS JetStream",
    variable: "NATS_URL",
    pattern: /^(nats|tls):\/\/./,
    example: "nats://127.0.0.1:4222",
  },
  sqlite: { title: "SQLite", variable: "DATA", pattern: /./, example: "./tidings.db" },
  postgres: {
    title: "Postgres",
    variable: "DATABASE_URL",
    pattern: /^postgres(ql)?:\/\/./,
    example: "postgres://user:password@127.0.0.1:5432/database",
  },
};

/** An engine, and where it is. */
export interface EngineSetting {
  readonly name: EngineName;
  readonly title: string;
  /** Where it is, if somebody has said so. */
  readonly address: string | undefined;
}

/** What the settings say. Ends the program if that is of no use. */
export function engineSetting(): EngineSetting {
  const name = process.env["ENGINE"] || "redis";
  if (!Object.hasOwn(KINDS, name)) {
    stop(`ENGINE must be redis, nats, sqlite or postgres, received ${JSON.stringify(name)}`);
  }
  const { title, variable, pattern, example } = KINDS[name as EngineName];
  const address = process.env[variable] || undefined;
  if (address !== undefined && !pattern.test(address)) {
    stop(
      `${variable} must be the address of a ${title}, received ${JSON.stringify(address)}: ` +
        `write ${variable}=${example}, or leave it out, and one is started`,
    );
  }
  return { name: name as EngineName, title, address };
}

/** The settings by which another process finds the same. */
export function settingsOf(name: EngineName, address: string): Record<string, string> {
  return { ENGINE: name, [KINDS[name].variable]: address };
}
