// Holds the sentences of the dashboard.
import { pick } from "../page/language.js";

const en = {
  title: "Dashboard",
  connection: "Connection",
  server: "Server",
  figures: {
    clients: "Clients",
    published: "Published",
    delivered: "Delivered",
    bytes: "Sent",
    lagging: "Lagging",
    dropped: "Dropped",
  },
  messages: "Messages",
  clear: "Clear",
  empty: "Nothing yet. A heartbeat comes every five seconds.",
  connect: "Connect",
  disconnect: "Disconnect",
  tryNow: "Try now",
  jump: "Jump to newest",
  /** @param {number} count */
  jumpUnread: (count) => `Jump to newest · ${count} unread`,
  /** @param {number} kept @param {number} removed */
  trimmed: (kept, removed) => `Only the newest ${kept} are kept here; ${removed} older removed.`,
  broadcast: {
    label: "Broadcast to every open page",
    placeholder: "Write something…",
    send: "Broadcast",
    hint: "An empty text sends the server’s time.",
    sent: "Sent.",
    tooLarge: "Not sent: the server takes no more than 64 KB.",
    unreadable: "Not sent: the server could not read it.",
    unreachable: "Not sent: the server cannot be reached.",
    /** @param {number} status */
    refused: (status) => `Not sent: the server answered ${status}. Try again.`,
  },
  clients: {
    heading: "Who is connected",
    stall: "Start a client that stops reading",
    hint:
      "It reads for 2 s and then no more, while 50 events a second are sent. The others go on as before; it is cut " +
      "off once 4 MB wait for it.",
    started:
      "It has connected. In 2 s it stops reading; after some seconds the kernel’s buffers are full, and it lags.",
    enough: "Enough clients stall already: wait until they are cut off.",
    failed: "That did not work: the server cannot be reached.",
    rate: "Events a second, over the last minute",
    here: "This page",
    there: "The client that stalls",
    client: "Client",
    waiting: "Waiting",
    state: "State",
    /** @param {number} id */
    reader: (id) => `#${id}`,
    /** @param {number} id */
    you: (id) => `#${id}, this page`,
    /** @param {number} id */
    staller: (id) => `#${id}, stops reading`,
    /** @param {number} events @param {string} bytes */
    amount: (events, bytes) => events === 0 ? "nothing" : `${events} events, ${bytes}`,
    live: "Live",
    lagging: "Lagging",
    evicted: "Cut off",
  },
  /** Stands where a number is not known. */
  unknown: "–",
};

/** @type {typeof en} */
const zh = {
  title: "仪表盘",
  connection: "连接",
  server: "服务器",
  figures: {
    clients: "客户端",
    published: "已发布",
    delivered: "已送达",
    bytes: "已发送",
    lagging: "落后",
    dropped: "丢弃",
  },
  messages: "消息",
  clear: "清空",
  empty: "还没有消息。每五秒有一次心跳。",
  connect: "连接",
  disconnect: "断开",
  tryNow: "立即重试",
  jump: "跳到最新",
  jumpUnread: (count) => `跳到最新 · ${count} 条未读`,
  trimmed: (kept, removed) => `这里只保留最新的 ${kept} 条；已移除较早的 ${removed} 条。`,
  broadcast: {
    label: "向所有打开的页面广播",
    placeholder: "写点什么……",
    send: "广播",
    hint: "留空则发送服务器的时间。",
    sent: "已发送。",
    tooLarge: "未发送：服务器最多接受 64 KB。",
    unreadable: "未发送：服务器无法读取内容。",
    unreachable: "未发送：无法连接服务器。",
    refused: (status) => `未发送：服务器回答 ${status}。请重试。`,
  },
  clients: {
    heading: "谁在线",
    stall: "启动一个停止读取的客户端",
    hint:
      "它读取 2 秒后就不再读取，而服务器每秒发送 50 个事件。其他客户端照常接收；等它积压到 4 MB 时就会被切断。",
    started: "它已连接。2 秒后停止读取；再过几秒，内核缓冲区写满，它就开始落后。",
    enough: "停止读取的客户端已经够多了，等它们被切断吧。",
    failed: "没有成功：无法连接服务器。",
    rate: "最近一分钟每秒的事件数",
    here: "本页",
    there: "停止读取的客户端",
    client: "客户端",
    waiting: "积压",
    state: "状态",
    reader: (id) => `#${id}`,
    you: (id) => `#${id}，本页`,
    staller: (id) => `#${id}，停止读取`,
    amount: (events, bytes) => events === 0 ? "无" : `${events} 个事件，${bytes}`,
    live: "实时",
    lagging: "落后",
    evicted: "已切断",
  },
  unknown: "–",
};

export const texts = { en, zh };
export const text = pick(texts);
