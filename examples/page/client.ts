// Exports what a page imports as "../page/client.js": `npm run pages` makes that file of this one.
export * from "tidings/client";
export { connectShared, type SharedEventStream } from "tidings/client/shared";
