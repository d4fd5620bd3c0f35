// Waits for a server that is not there yet, takes one event and is done: client/restart_slow_test.ts runs it.
import { connect } from "../../lib/client/mod.ts";

const stream = connect(process.argv[2]!, { retry: { base: 3000, max: 3000 } });
stream.onstate = (state) => console.log(state);
for await (const item of stream) {
  if (item.kind === "event") console.log(item.data);
  break;
}
