// Exports what the page imports as "./qr.js": `npm run pages` makes that file of this one.
export { encodeQR } from "qr";
