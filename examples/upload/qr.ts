// Exports what the page imports as "./qr.js": server.ts makes that file of this one.
export { encodeQR } from "qr";
