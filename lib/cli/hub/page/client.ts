/**
 * Exports what the hub's pages import as "./client.js": `npm run pages` makes that file of this one.
 *
 * @module
 */

export { connect } from "../../../client/mod.ts";
