/** Holds what the generator says, in each language: prepared sentences, each with words that bring it to the front. */

/** A sentence, and the words of a question that it answers. */
export interface Sentence {
  readonly about: RegExp;
  readonly text: string;
}

export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

interface Phrases {
  /** Said first. */
  readonly opening: string;
  readonly sentences: readonly Sentence[];
  /** What stands between two sentences. */
  readonly space: string;
}

export const phrases: Record<Language, Phrases> = {
  en: {
    opening: "No model runs here: these sentences were prepared, and your question only put them in order.",
    space: " ",
    sentences: [
      {
        about: /token|stream|type|chat|llm|model/i,
        text: "Each piece of this text is an event of its own, with its number as the id.",
      },
      {
        about: /resume|reconnect|lost|cut|drop|network/i,
        text:
          "When the connection breaks, the page comes back with the last id it has seen, and goes on with " +
          "the very next piece.",
      },
      {
        about: /lose|lost|double|twice|exact/i,
        text:
          "Nothing is lost and nothing comes twice, because the answer is kept on the server, and every " +
          "reader has only a place in it.",
      },
      {
        about: /stop|cancel|abort|end/i,
        text: "Stop ends the generator itself, not only the stream: after it no further piece is made.",
      },
      {
        about: /leave|cost|money|wait|idle/i,
        text:
          "An answer that nobody reads any more is stopped after a while, since a real model would cost " +
          "money all that time.",
      },
      {
        about: /slow|pace|back ?pressure|fast|phone/i,
        text: "A reader is sent only as much as it takes, so a slow phone costs the server no memory.",
      },
      {
        about: /sse|server-sent|event ?source|http/i,
        text: "Server-Sent Events are plain text over one HTTP response, which any proxy and any browser " +
          "already understands.",
      },
      {
        about: /web ?socket|poll|why|better/i,
        text:
          "Where only the server speaks, a WebSocket would be a second protocol for nothing, and polling " +
          "would always be late.",
      },
      {
        about: /bun|deno|node|runtime|server/i,
        text:
          "The same file runs on Bun, on Deno and on Node, with nothing but the Request and the Response " +
          "of the web's standards.",
      },
      {
        about: /proxy|nginx|keep ?alive|quiet|time ?out/i,
        text:
          "While there is nothing to say a comment goes out now and then, so that no proxy takes the quiet " +
          "for death.",
      },
      {
        about: /reload|tab|window|page/i,
        text: "Reload this page in the middle of it: the text comes again from its beginning, and goes on " +
          "where it is by then.",
      },
    ],
  },
  zh: {
    opening: "这里没有运行任何模型：这些句子是事先写好的，你的问题只决定了它们的顺序。",
    space: "",
    sentences: [
      {
        about: /词|流|聊天|模型|打字|token/i,
        text: "这段文字的每一小块都是一个独立的事件，编号就是它的 id。",
      },
      {
        about: /断|重连|恢复|网络|续/,
        text: "连接断开后，页面带着见过的最后一个 id 回来，从紧接着的那一块继续。",
      },
      {
        about: /丢|重复|准确|两次/,
        text: "既不丢失，也不重复，因为回答保存在服务器上，每个读者只记着自己读到哪里。",
      },
      { about: /停|取消|结束/, text: "“停止”结束的是生成器本身，而不只是这条流：之后不会再产生任何内容。" },
      {
        about: /离开|花费|钱|等/,
        text: "没有人再读的回答过一会儿就会停止，因为真正的模型在这段时间里一直要花钱。",
      },
      {
        about: /慢|快|背压|手机/,
        text: "读者能接收多少，服务器才发送多少，所以慢速的手机不会占用服务器的内存。",
      },
      {
        about: /事件|sse|http|推送/i,
        text: "服务器发送事件就是一个 HTTP 响应里的纯文本，任何代理和浏览器本来就懂。",
      },
      {
        about: /websocket|轮询|为什么|更好/i,
        text: "只有服务器说话时，WebSocket 是多余的第二种协议，而轮询总是慢一步。",
      },
      {
        about: /bun|deno|node|运行|服务器/i,
        text: "同一个文件可以在 Bun、Deno 和 Node 上运行，只用到网络标准里的 Request 和 Response。",
      },
      {
        about: /代理|nginx|心跳|超时|安静/i,
        text: "没有内容可发时，会不时发出一行注释，免得代理把安静当成死亡。",
      },
      {
        about: /刷新|标签|窗口|页面/,
        text: "可以在中途刷新这个页面：文字会从头再来一遍，然后接着当时的位置继续。",
      },
    ],
  },
};
