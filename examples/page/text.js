// Holds the sentences that several pages share.
import { pick } from "./language.js";

const en = {
  state: {
    connecting: "Connecting",
    open: "Live",
    waiting: "Waiting",
    closed: "Closed",
    stuck: "Nothing arrives",
  },
  detail: {
    connecting: "Opening the stream…",
    open: "Events arrive as they happen.",
    closed: "Disconnected. Nothing is being received.",
    retry: "Connection lost. It is being tried again.",
    /** @param {number} seconds */
    retryIn: (seconds) => `Connection lost. Next try in ${seconds} s.`,
  },
  gap: {
    title: "Some events were missed",
    /** @param {string} requested @param {string} resumedAt */
    between: (requested, resumedAt) => `They came after ${requested}, up to ${resumedAt}.`,
    /** @type {Record<string, string>} why, in the server's words and in the reader's */
    reasons: {
      trimmed: "The server no longer had them.",
      epoch: "The server has started anew.",
      invalid: "The server did not know the place to go on from.",
    },
  },
};

/** @type {typeof en} */
const zh = {
  state: { connecting: "连接中", open: "实时", waiting: "等待重连", closed: "已断开", stuck: "收不到内容" },
  detail: {
    connecting: "正在打开事件流……",
    open: "事件一发生就会送达。",
    closed: "已断开，不再接收任何内容。",
    retry: "连接中断，正在重试。",
    retryIn: (seconds) => `连接中断，${seconds} 秒后重试。`,
  },
  gap: {
    title: "有些事件没有收到",
    between: (requested, resumedAt) => `它们在 ${requested} 之后，到 ${resumedAt} 为止。`,
    reasons: {
      trimmed: "服务器已不再保留它们。",
      epoch: "服务器重新启动过。",
      invalid: "服务器不认得要从哪里继续。",
    },
  },
};

export const texts = { en, zh };
export const common = pick(texts);
