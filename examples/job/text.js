// Holds the sentences of the job's page.
import { pick } from "../page/language.js";

const en = {
  title: "A long job",
  lede:
    "The server counts primes, and this page shows how far it is. Reload the page, or open it in further tabs: each " +
    "finds the job where it is.",
  heading: "Counting the primes",
  /** @param {string} limit */
  task: (limit) => `Counting the primes below ${limit}`,
  none: "No job yet. It takes about half a minute.",
  start: "Start a job",
  again: "Start another",
  cancel: "Cancel",
  tab: "Open this job in another tab",
  progress: "Progress",
  figures: { slices: "Slices done", found: "Primes found", elapsed: "Running for", left: "Left, about" },
  /** @param {number} done @param {number} total */
  slices: (done, total) => `${done} of ${total}`,
  /** How a job ended, by the state of its stream. */
  end: {
    /** @param {string} limit @param {string} found */
    complete: (limit, found) => `Done: there are ${found} primes below ${limit}.`,
    stopped: () => "Cancelled: the server has stopped counting.",
    failed: () => "The job failed on the server.",
    lost: () => "The server that counted has died, and no other took the job over.",
  },
  lost: "The server cannot be reached. The job shows where it is as soon as it can.",
  unknown:
    "The server does not know this job: it was started anew and has forgotten it, or the job is long over.",
  refused: "The server did not begin a job. Try again in a moment.",
  unbegun: "No job was begun: the server did not answer. Try again.",
  uncancelled: "The job was not cancelled: the server did not answer. Try again.",
  /** @param {number} status */
  notCancelled: (status) => `The job was not cancelled: the server answered ${status}. Try again.`,
};

/** @type {typeof en} */
const zh = {
  title: "长时间任务",
  lede: "服务器在数素数，这个页面显示进度。刷新页面，或在更多标签页里打开：每一页都会接上任务当前的位置。",
  heading: "数素数",
  task: (limit) => `数出 ${limit} 以下的素数`,
  none: "还没有任务。它大约需要半分钟。",
  start: "开始任务",
  again: "再开始一个",
  cancel: "取消",
  tab: "在另一个标签页打开这个任务",
  progress: "进度",
  figures: { slices: "已完成的段", found: "找到的素数", elapsed: "已运行", left: "大约还需" },
  slices: (done, total) => `${done} / ${total}`,
  end: {
    complete: (limit, found) => `完成：${limit} 以下有 ${found} 个素数。`,
    stopped: () => "已取消：服务器停止了计数。",
    failed: () => "任务在服务器上出错了。",
    lost: () => "计数的服务器退出了，没有别的服务器接手这个任务。",
  },
  lost: "连不上服务器。一连上就会显示任务的进度。",
  unknown: "服务器不认得这个任务：它重新启动过，忘记了任务；或者任务早已结束。",
  refused: "服务器没有开始任务，请稍后再试。",
  unbegun: "没有开始任务：服务器没有应答，请重试。",
  uncancelled: "任务没有取消：服务器没有应答，请重试。",
  notCancelled: (status) => `任务没有取消：服务器回答 ${status}，请重试。`,
};

export const texts = { en, zh };
export const text = pick(texts);
