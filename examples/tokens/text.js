// Holds the sentences of the page. What the generator says is the server's: see sentences.ts.
import { pick } from "../page/language.js";

const en = {
  title: "Token by token",
  lede:
    "An answer streams in as a language model’s would. Reload in the middle, cut the connection, or read on another " +
    "device: no token is lost, none comes twice, and Stop on any of them ends it for all.",
  /** What the server is told to answer in. */
  speaks: "en",
  conversation: "Conversation",
  empty:
    "Ask something. No model runs here: the answer is made of prepared sentences, the same for the same question.",
  question: "Your question",
  placeholder: "What happens when the network drops?",
  ask: "Ask",
  stop: "Stop",
  cut: "Cut the connection",
  device: "This answer, for another tab or device",
  figures: {
    tokens: "Tokens",
    connections: "Connections",
    missing: "Missing",
    doubled: "Doubled",
  },
  state: {
    growing: "The answer is coming.",
    lost: "The connection is gone; the server goes on meanwhile.",
    forgotten:
      "The server does not know this answer any more: it was started anew, or it is long ago. Ask again.",
    unstopped: "The answer was not stopped: the server did not do it. Try again.",
    refused: "The server did not take the question. Try again.",
    unreachable: "The server cannot be reached. The question is still there: try again.",
  },
  /** How an answer ended, by the stream’s own words. */
  end: {
    /** @param {number} tokens */
    complete: (tokens) => `Complete: ${tokens} tokens.`,
    /** @param {number} tokens */
    stopped: (tokens) => `Stopped: the server’s generator ended after ${tokens} tokens.`,
    /** @param {number} tokens */
    abandoned: (tokens) => `Nobody was reading, so the server stopped it after ${tokens} tokens.`,
    /** @param {number} tokens */
    failed: (tokens) => `The server’s generator failed after ${tokens} tokens.`,
    /** @param {number} tokens */
    lost: (tokens) => `The server that made the answer died after ${tokens} tokens.`,
  },
  /** Said of the tokens that came after a new connection, and had been made before it. */
  caughtUp: "Made while the connection was gone",
};

/** @type {typeof en} */
const zh = {
  title: "逐词输出",
  lede:
    "回答像语言模型那样一点点流出来。中途刷新、切断连接或换一台设备来读：词块不丢失、不重复；在任何一处停止，处处都停止。",
  speaks: "zh",
  conversation: "对话",
  empty: "问点什么吧。这里没有运行模型：回答由事先写好的句子组成，同样的问题得到同样的回答。",
  question: "你的问题",
  placeholder: "网络断开时会发生什么？",
  ask: "提问",
  stop: "停止",
  cut: "切断连接",
  device: "在另一个标签页或设备上打开这个回答",
  figures: {
    tokens: "词块",
    connections: "连接次数",
    missing: "丢失",
    doubled: "重复",
  },
  state: {
    growing: "正在回答。",
    lost: "连接已断开，服务器仍在继续生成。",
    forgotten: "服务器已不认得这个回答：它重新启动过，或者时间太久了。请再问一次。",
    unstopped: "回答没有停止：服务器没有照办，请重试。",
    refused: "服务器没有接受这个问题，请再试一次。",
    unreachable: "连不上服务器。问题还在，请再试一次。",
  },
  end: {
    complete: (tokens) => `回答完毕：${tokens} 个词块。`,
    stopped: (tokens) => `已停止：服务器的生成器在 ${tokens} 个词块后结束。`,
    abandoned: (tokens) => `没有人在读，服务器在 ${tokens} 个词块后停止了它。`,
    failed: (tokens) => `服务器的生成器在 ${tokens} 个词块后出错了。`,
    lost: (tokens) => `生成回答的服务器在 ${tokens} 个词块后退出了。`,
  },
  caughtUp: "连接断开期间生成的内容",
};

export const texts = { en, zh };
export const text = pick(texts);
