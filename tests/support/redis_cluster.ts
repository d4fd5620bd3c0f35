/**
 * Runs a Redis Cluster of one's own, whose slots are moved, and whose nodes are killed, for real.
 *
 * @module
 */

import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { slotOf } from "../../lib/redis/slots.ts";
import { RedisServer } from "./redis.ts";
import { PATIENCE, until } from "./wait.ts";

const SLOTS = 16_384;

export class RedisCluster {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  get ports(): readonly number[] {
    return this.nodes.map(({ port }) => port);
  }

  /** Starts three primaries, each with a replica if it is asked for, and waits until they are one cluster. */
  static async start(
    { replicas = false, args = [] }: { replicas?: boolean; args?: readonly string[] } = {},
  ): Promise<RedisCluster> {
    const node = async () => {
      const bus = await freePort();
      const server = await RedisServer.start({
        args: [
          ...["--cluster-enabled", "yes", "--cluster-port", `${bus}`, "--cluster-node-timeout", "1000"],
          // A replica is none to the others until its primary has sent it something, if only a PING.
          ...["--cluster-replica-validity-factor", "0", "--repl-ping-replica-period", "1"],
          ...args,
        ],
      });
      return { server, bus };
    };
    const begun = await Promise.allSettled(Array.from({ length: replicas ? 6 : 3 }, node));
    const nodes = begun.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const [first] = nodes;
    const cluster = new RedisCluster(nodes.map(({ server }) => server));
    try {
      for (const each of begun) if (each.status === "rejected") throw each.reason;
      for (const [index, { server }] of nodes.slice(0, 3).entries()) {
        const [from, to] = [Math.ceil(index * SLOTS / 3), Math.ceil((index + 1) * SLOTS / 3) - 1];
        await server.command("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`);
        await server.command("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
      }
      for (const { server } of nodes.slice(1)) {
        await server.command("CLUSTER", "MEET", "127.0.0.1", `${first!.server.port}`, `${first!.bus}`);
      }
      await cluster.#until("know each other", async (server) => {
        const lines = (await server.command("CLUSTER", "NODES")).split("\n");
        return lines.length === nodes.length && lines.every((line) => !/handshake|noaddr/.test(line));
      });
      for (const [index, { server }] of nodes.slice(3).entries()) {
        await server.command("CLUSTER", "REPLICATE", await idOf(nodes[index]!.server));
      }
      await cluster.healthy();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Waits until all nodes say that all is well, and replicas have what their primaries have. */
  async healthy(): Promise<void> {
    await this.#until("are one cluster", async (server) => {
      const info = await server.command("CLUSTER", "INFO");
      const slots = await server.command("CLUSTER", "SLOTS");
      const replication = await server.command("INFO", "replication");
      return /cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info) &&
        this.ports.every((port) => slots.includes(`${port}`)) && !/master_link_status:down/.test(replication);
    });
  }

  /** The primary that owns the slot of a key. */
  async owner(key: string): Promise<RedisServer> {
    const slot = slotOf(key);
    for (const server of this.nodes) {
      const lines = await server.command("CLUSTER", "NODES").then((said) => said.split("\n"), () => []);
      for (const line of lines) {
        const [, address, flags, ...rest] = line.split(" ");
        if (!flags?.includes("master") || /fail/.test(flags)) continue;
        const owns = rest.slice(5).some((range) => {
          const [from, to = from] = range.split("-").map(Number);
          return slot >= from! && slot <= to!;
        });
        const port = Number(/:(\d+)@/.exec(address!)![1]);
        if (owns) return this.nodes.find((each) => each.port === port)!;
      }
    }
    throw new Error(`nobody owns the slot of ${key}`);
  }

  /** The replica of a primary. */
  async replicaOf(primary: RedisServer): Promise<RedisServer> {
    const said = await primary.command("CLUSTER", "REPLICAS", await idOf(primary));
    const port = Number(/:(\d+)@/.exec(said)?.[1]);
    const replica = this.nodes.find((each) => each.port === port);
    if (replica === undefined) throw new Error(`${primary.port} has no replica`);
    return replica;
  }

  /** A primary that does not own the key. */
  async other(key: string): Promise<RedisServer> {
    const owner = await this.owner(key);
    for (const server of this.nodes) {
      if (server !== owner && /role:master/.test(await server.command("INFO", "replication"))) return server;
    }
    throw new Error("there is no other primary");
  }

  /** Begins to move the slot of a key to another node: from then on new keys are made there. */
  async beginMove(key: string, to: RedisServer): Promise<void> {
    const from = await this.owner(key);
    const slot = `${slotOf(key)}`;
    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
  }

  /** Moves the keys of a slot, one after the other. */
  async moveKeys(key: string, to: RedisServer): Promise<void> {
    const from = await this.owner(key);
    for (;;) {
      const keys = await from.command("CLUSTER", "GETKEYSINSLOT", `${slotOf(key)}`, "10");
      if (keys === "") return;
      for (const each of keys.split("\n")) {
        await from.command("MIGRATE", "127.0.0.1", `${to.port}`, each, "0", "5000");
      }
    }
  }

  /** Ends a move: the slot is the other node's now. */
  async endMove(key: string, to: RedisServer): Promise<void> {
    const from = await this.owner(key);
    const id = await idOf(to);
    // The others hear of it.
    for (const server of [to, from]) await server.command("CLUSTER", "SETSLOT", `${slotOf(key)}`, "NODE", id);
  }

  /** Moves the slot of a key to another node. */
  async move(key: string, to: RedisServer): Promise<void> {
    await this.beginMove(key, to);
    await this.moveKeys(key, to);
    await this.endMove(key, to);
  }

  /** Waits until a replica has taken over. */
  async promoted(replica: RedisServer): Promise<void> {
    await replica.replicates(/role:master/, "the replica is promoted");
  }

  /** Breaks every connection, of publishers and of readers. */
  async disconnect(): Promise<void> {
    for (const server of this.nodes) await server.disconnect();
  }

  /** How many connections there are to all nodes. */
  async connections(): Promise<number> {
    let sum = 0;
    for (const server of this.nodes) sum += await server.connections();
    return sum;
  }

  async stop(): Promise<void> {
    for (const server of this.nodes) await server.stop();
  }

  async #until(
    what: string,
    holds: (server: RedisServer) => Promise<boolean>,
  ): Promise<void> {
    const all = async () => {
      for (const server of this.nodes) if (!await holds(server)) return false;
      return true;
    };
    await until(all, `the nodes ${what}`, 2 * PATIENCE, 50);
  }
}

function idOf(server: RedisServer): Promise<string> {
  return server.command("CLUSTER", "MYID");
}
