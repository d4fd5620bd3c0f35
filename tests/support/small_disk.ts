/**
 * Mounts a file system that is full soon, and can be given more room, where the rights allow that.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const mounted = new Set<SmallDisk>();
process.on("exit", () => mounted.forEach((disk) => disk.remove()));

export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one of so many bytes, which a user owns. */
  static mount(bytes: number, owner: number): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), "tidings-disk-"));
    const options = `size=${bytes},uid=${owner},mode=0700`;
    const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], {
      encoding: "utf8",
    });
    if (status !== 0) {
      rmSync(path, { recursive: true });
      throw new Error(stderr || "mount is not here");
    }
    const disk = new SmallDisk(path);
    mounted.add(disk);
    return disk;
  }

  /** Gives it more room, or less. */
  resize(bytes: number): void {
    const { status, stderr } = spawnSync("mount", ["-o", `remount,size=${bytes}`, this.path], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
  }

  remove(): void {
    mounted.delete(this);
    // Whoever still has a file open there loses it later.
    spawnSync("umount", ["-l", this.path], { stdio: "ignore" });
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Why tests that need one cannot run here; false if they can. */
export const noSmallDisk: string | false = (() => {
  try {
    SmallDisk.mount(1 << 20, process.getuid?.() ?? 0).remove();
    return false;
  } catch {
    return "a small file system can be mounted by root alone";
  }
})();
