// Holds the sentences of the front page. `systems` has the folder of each system.
import { pick } from "../page/language.js";

const en = {
  title: "Server-Sent Events, live",
  sentence: "Server-Sent Events that miss nothing, on Bun, Deno and Node.",
  copy: "Copy",
  copied: "Copied",
  program: {
    heading: "What runs here:",
    serve:
      "A handler from Request to Response: hand it to serve() of tidings/serve, to Bun.serve, Deno.serve or Express.",
  },
  feed: {
    heading: "The feed that these lines make",
    wire: "On the wire",
    page: "On the page",
    chart: "The last thirty prices",
    cut: "Cut the connection",
    cutHere: "connection cut",
    hint: "Really cuts it, for five seconds. The server goes on meanwhile.",
    whileAway: "The connection is cut. The server goes on meanwhile.",
    /** @param {number} seconds */
    awayFor: (seconds) => `Away for ${seconds} s`,
    /** @param {number} sent @param {number} received */
    verdict: (sent, received) =>
      `${sent === 1 ? "1 event" : `${sent} events`} while away, ${
        received === sent ? "all" : received
      } received.`,
    /** @param {number} first @param {number} last @param {number} missing */
    account: (first, last, missing) => `Ids ${first} to ${last}, ${missing === 0 ? "none" : missing} missing`,
  },
  heading: "Small complete systems",
  lede: "Each is readable in a minute. Open one in two windows, then stop the server and start it again.",
  lines: {
    term: "Lines: server + page",
    /** @param {number} server @param {number} page */
    count: (server, page) => `${server} + ${page}`,
  },
  systems: {
    introduction: {
      title: "Introduction",
      sentence: "The smallest complete program, and a page that shows what it sends.",
      figure: "Messages sent",
    },
    ticker: {
      title: "Ticker",
      sentence: "Every connection has a counter of its own, which ends the moment its reader leaves.",
      figure: "Counting now",
    },
    upload: {
      title: "Upload from the phone",
      sentence: "Scan a code, take a picture: it is on the desktop’s page the moment it arrives.",
      figure: "Pictures sent",
    },
    "named-events": {
      title: "Named events, across origins",
      sentence: "A stream that comes back after a refusal, a 502 and a 503, beside one that stays dead.",
      figure: "Events sent",
    },
    dashboard: {
      title: "Dashboard",
      sentence: "Who is connected and who lags behind: one client that stops reading holds up nobody else.",
      figure: "Connected now",
    },
    tokens: {
      title: "Token by token",
      sentence:
        "A chat’s answer streams in, stops when told, and survives a cut connection to the very token.",
      figure: "Answers given",
    },
    job: {
      title: "A long job",
      sentence: "A progress bar that a reload, another tab or a lost connection finds again where it is.",
      figure: "Jobs begun",
    },
  },
  cluster: {
    title: "Cluster",
    sentence: "Kill servers and Redis while numbers stream, and see that none is lost and none comes twice.",
    another: "Not part of this server. It needs Redis, and starts by",
  },
};

/** @type {typeof en} */
const zh = {
  title: "服务器发送事件，实时",
  sentence: "服务器发送事件，一个不漏：Bun、Deno、Node 通用。",
  copy: "复制",
  copied: "已复制",
  program: {
    heading: "这里运行的代码：",
    serve:
      "一个从 Request 到 Response 的处理函数：交给 tidings/serve 的 serve()、Bun.serve、Deno.serve 或 Express 即可。",
  },
  feed: {
    heading: "这几行代码产生的事件流",
    wire: "线路上",
    page: "页面上",
    chart: "最近三十个价格",
    cut: "切断连接",
    cutHere: "连接已切断",
    hint: "真的切断，持续五秒；服务器照常发送。",
    whileAway: "连接已切断，服务器照常发送。",
    awayFor: (seconds) => `已离开 ${seconds} 秒`,
    verdict: (sent, received) =>
      `离开期间有 ${sent} 个事件，${received === sent ? "全部收到" : `收到 ${received} 个`}。`,
    account: (first, last, missing) =>
      `编号 ${first} 到 ${last}，${missing === 0 ? "没有缺失" : `缺失 ${missing} 个`}`,
  },
  heading: "一组小而完整的系统",
  lede: "每个一分钟就能读完。在两个窗口里打开同一个，然后停掉服务器，再启动它。",
  lines: {
    term: "行数：服务器 + 页面",
    count: (server, page) => `${server} + ${page}`,
  },
  systems: {
    introduction: {
      title: "入门",
      sentence: "最小的完整程序，和一个显示其内容的页面。",
      figure: "已发消息",
    },
    ticker: {
      title: "计时器",
      sentence: "每个连接有自己的计数器，读者一离开，它就停下。",
      figure: "正在计数",
    },
    upload: {
      title: "手机上传",
      sentence: "扫码、拍照：照片一到，就出现在电脑的页面上。",
      figure: "已传照片",
    },
    "named-events": {
      title: "命名事件与跨源",
      sentence: "一个流在连接被拒、502、503 之后都会回来；旁边那个则再也不动了。",
      figure: "已发事件",
    },
    dashboard: {
      title: "仪表盘",
      sentence: "谁在线、谁落后：一个停止读取的客户端不会拖慢任何人。",
      figure: "在线客户端",
    },
    tokens: {
      title: "逐词输出",
      sentence: "聊天的回答一点点流出来，说停就停；连接断了，也从断开的那个词继续。",
      figure: "已完成回答",
    },
    job: {
      title: "长时间任务",
      sentence: "一个进度条：刷新、换标签页、断线之后，都能接上当前的进度。",
      figure: "已启动任务",
    },
  },
  cluster: {
    title: "集群",
    sentence: "在数字不断流出时停掉服务器和 Redis：一个不丢，一个不重。",
    another: "它不在本服务器上，需要 Redis，启动命令：",
  },
};

export const texts = { en, zh };
export const text = pick(texts);
