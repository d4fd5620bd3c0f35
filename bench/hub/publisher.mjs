/** Posts updates to a hub, as a program in any language would, and times them. It is told what to do by its parent. */
import { request } from "node:http";
import { obey } from "../harness/obey.mjs";
import { Poster } from "./poster.mjs";

const FORM = "application/x-www-form-urlencoded";
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

/** Connections, which are kept for the next command. */
const posters = [];

/** So many posts, some at a time, each with `perPost` updates on topics that take turns. */
async function publish({ posts, atOnce, perPost, topics, data, ...where }) {
  let next = 0;
  const topic = () => `https://bench.example/t/${next++ % topics}`;
  const form = () => ({
    path: "/.well-known/mercure",
    type: FORM,
    body: String(new URLSearchParams({ topic: topic(), data })),
  });
  const list = () => ({
    path: "/publish",
    type: "application/json",
    body: JSON.stringify(Array.from({ length: perPost }, () => ({ topic: topic(), data }))),
  });
  while (posters.length < atOnce) posters.push(new Poster(where));
  let left = posts;
  const work = async (poster) => {
    while (left-- > 0) await poster.post(perPost === 1 ? form() : list());
  };
  const begin = performance.now();
  await Promise.all(posters.slice(0, atOnce).map(work));
  return { milliseconds: performance.now() - begin };
}

/** Posts one update after the other, and listens to them itself: milliseconds from the post until each was there. */
async function delays({ count, every, quantiles, ...where }) {
  const poster = new Poster(where);
  const waits = [];
  const topic = "https://bench.example/delay";
  const sent = new Map();
  const path = `/.well-known/mercure?match=${encodeURIComponent(topic)}`;
  await new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: where.port, path }, (response) => {
      response.setEncoding("latin1").on("data", (text) => {
        for (const [, n] of text.matchAll(/^data: (\d+)$/gm)) waits.push(performance.now() - sent.get(n));
        if (waits.length === count) resolve(asked.destroy());
      });
      response.on("error", () => {});
      (async () => {
        for (let n = 0; n < count; n++) {
          sent.set(`${n}`, performance.now());
          const body = String(new URLSearchParams({ topic, data: n }));
          await poster.post({ path: "/.well-known/mercure", type: FORM, body });
          await new Promise((next) => setTimeout(next, every));
        }
      })().catch(reject);
    });
    asked.on("error", reject);
    asked.end();
  });
  poster.end();
  waits.sort((a, b) => a - b);
  return { waits: quantiles.map((q) => quantile(waits, q)) };
}

obey({ publish, delays });
