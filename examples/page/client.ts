// What a page imports as "../page/client.js": support/client.ts makes that file of this one.
export * from "../../lib/client/mod.ts";
export { connectShared, type SharedEventStream } from "../../lib/client/shared.ts";
