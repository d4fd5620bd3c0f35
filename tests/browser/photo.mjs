// Makes photographs to upload, as large as a camera's, and reads QR codes as a phone would.
import { writeFile } from "node:fs/promises";
import decodeQR from "qr/decode.js";

/** Writes a JPEG of `bytes` or a little more, made by the browser's own encoder, and gives its size. */
export async function writePhoto(browser, path, bytes) {
  const page = await browser.newPage();
  const base64 = await page.evaluate(async (bytes) => {
    for (let width = 400;; width = Math.ceil(width * 1.25)) {
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = Math.round(width * 3 / 4);
      const context = canvas.getContext("2d");
      const image = context.createImageData(canvas.width, canvas.height);
      // Noise is what a JPEG can do least with; a slope of light makes a picture of it.
      const pixels = new Uint32Array(image.data.buffer);
      for (let n = 0; n < pixels.length; n++) {
        pixels[n] = 0xff000000 | (Math.random() * 0x404040 + 0x010101 * Math.floor(190 * n / pixels.length));
      }
      context.putImageData(image, 0, 0);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
      if (blob.size < bytes) continue;
      const reader = new FileReader();
      await new Promise((resolve) => {
        reader.onload = resolve;
        reader.readAsDataURL(blob);
      });
      return reader.result.slice(reader.result.indexOf(",") + 1);
    }
  }, bytes);
  await page.close();
  const photo = Buffer.from(base64, "base64");
  await writeFile(path, photo);
  return photo.byteLength;
}

/** What a phone's camera would read of the QR code in this element, as it is painted on the screen. */
export async function scan(page, selector) {
  const element = await page.waitForSelector(selector);
  const screenshot = await element.screenshot({ encoding: "base64" });
  const { width, height, base64 } = await page.evaluate(async (screenshot) => {
    const image = new Image();
    image.src = `data:image/png;base64,${screenshot}`;
    await image.decode();
    const { width, height } = image;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let text = "";
    for (let n = 0; n < data.length; n += 8192) text += String.fromCharCode(...data.subarray(n, n + 8192));
    return { width, height, base64: btoa(text) };
  }, screenshot);
  return decodeQR({ width, height, data: new Uint8Array(Buffer.from(base64, "base64")) });
}
