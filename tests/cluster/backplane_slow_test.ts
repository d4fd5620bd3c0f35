// Tests that the shared log in memory, which the Broadcaster's own tests use, keeps the contract too.
import { backplaneContract } from "../support/backplane_contract.ts";
import { MemoryLog } from "../support/memory_backplane.ts";

backplaneContract({
  name: "memory",
  strangeIds: ["1", "9".repeat(15)],
  make() {
    const log = new MemoryLog();
    log.next = 5;
    return Promise.resolve({
      backplane: log.backplane(),
      elsewhere: log.backplane(),
      trim: (keep) => Promise.resolve(log.trim(keep)),
      loseTail: (count) => Promise.resolve(log.loseTail(count)),
      wipe: () => Promise.resolve(log.wipe()),
      disconnect: () => Promise.resolve(log.disconnect()),
      connections: () => Promise.resolve(log.readers),
      close: () => Promise.resolve(log.disconnect()),
    });
  },
});
