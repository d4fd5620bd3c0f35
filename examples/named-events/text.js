// Holds the sentences of the page of named events.
import { pick } from "../page/language.js";

const en = {
  title: "Named events, across origins",
  lede:
    "One stream, read twice: by connectShared() of the client library, and by the browser’s bare EventSource. Every two " +
    "seconds comes a message, and an event named test-event that only its own listener hears. Take the server away, " +
    "and see who comes back.",
  trouble: {
    heading: "Take the server away for 8 seconds",
    refuse: "Refuse connections",
    bad: "Answer 502",
    busy: "Answer 503",
    hint:
      "For everybody who looks at this page. Firefox gives up on a refusal across origins, every browser on a 502 or " +
      "503; the library does not.",
    /** @param {string} kind @param {number} seconds */
    done: (kind, seconds) =>
      kind === "refuse"
        ? `The server is gone for ${seconds} s.`
        : `The server answers ${kind} for ${seconds} s.`,
    unanswered: "Nothing was done: the gallery’s own server did not answer.",
    /** @param {number} status */
    refused: (status) => `Nothing was done: the gallery’s own server answered ${status}.`,
  },
  /** @param {string} origin */
  there: (origin) => `Read from another origin, ${origin}, with credentials.`,
  here: "Read from this page’s own origin, which the buttons leave alone.",
  goThere: "Read from the other origin",
  goHere: "Read from this origin",
  /** @param {number} received @param {number} missed */
  count: (received, missed) => `${received} events received, ${missed} missed in between.`,
  /** @param {number} received */
  over: (received) => `${received} events received, and none any more.`,
  nothing: "Nothing received yet.",
  dead: "Given up for good",
  elsewhere: "In another tab",
  taken:
    "Another tab of this browser has it. A bare EventSource is one connection for each tab, and a browser opens six to " +
    "a server: with more of them the next tab would hang.",
};

/** @type {typeof en} */
const zh = {
  title: "命名事件与跨源",
  lede:
    "同一个流被读取两次：一次用客户端库的 connectShared()，一次用浏览器自带的 EventSource。每两秒来一条普通消息，" +
    "外加一个名为 test-event、只有对应监听器才能收到的事件。把服务器拿走，看看谁会回来。",
  trouble: {
    heading: "让服务器离开 8 秒",
    refuse: "拒绝连接",
    bad: "回答 502",
    busy: "回答 503",
    hint:
      "对所有正在看本页的人都有效。跨源连接被拒时 Firefox 会放弃，遇到 502 或 503 时所有浏览器都会放弃；客户端库不会。",
    done: (kind, seconds) =>
      kind === "refuse" ? `服务器离开 ${seconds} 秒。` : `服务器在 ${seconds} 秒内回答 ${kind}。`,
    unanswered: "什么也没做：示例自己的服务器没有应答。",
    refused: (status) => `什么也没做：示例自己的服务器回答 ${status}。`,
  },
  there: (origin) => `从另一个源 ${origin} 读取，并携带凭据。`,
  here: "从本页自己的源读取，上面的按钮影响不到它。",
  goThere: "改从另一个源读取",
  goHere: "改从本页的源读取",
  count: (received, missed) => `已收到 ${received} 个事件，中间漏掉 ${missed} 个。`,
  over: (received) => `已收到 ${received} 个事件，之后再也没有了。`,
  nothing: "还没有收到任何内容。",
  dead: "已彻底放弃",
  elsewhere: "在别的标签页",
  taken:
    "此浏览器的另一个标签页正在用它。浏览器自带的 EventSource 每个标签页各占一个连接，而浏览器对同一服务器只开六个：" +
    "再多，下一个标签页就打不开了。",
};

export const texts = { en, zh };
export const text = pick(texts);
