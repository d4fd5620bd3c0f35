// Holds the sentences of the ticker's page.
import { pick } from "../page/language.js";

const en = {
  title: "Ticker",
  lede:
    "Every connection is counted for itself, from 1. Leave, and the server’s log says in the same moment that " +
    "the timer has ended; come back, and the count begins anew. The tabs of one browser share a connection and " +
    "its count; when the tab that holds it leaves, another one connects anew.",
  heading: "What arrived",
  connect: "Connect",
  disconnect: "Disconnect",
};

/** @type {typeof en} */
const zh = {
  title: "计时器",
  lede: "每个连接都从 1 开始各自计数。断开时，服务器日志会立刻写明计时器已停止；重新连接后，计数从头开始。" +
    "同一浏览器的标签页共用一个连接和它的计数；持有连接的标签页离开后，另一个会重新连接。",
  heading: "收到的消息",
  connect: "连接",
  disconnect: "断开",
};

export const texts = { en, zh };
export const text = pick(texts);
