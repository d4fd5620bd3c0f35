// Holds the sentences of the front page. `systems` has the folder of each system.
import { pick } from "../page/language.js";

const en = {
  title: "Server-Sent Events, live",
  lede:
    "Small complete systems, each readable in a minute. Open one in two windows, then stop the server and " +
    "start it again.",
  systems: {
    introduction: {
      title: "Introduction",
      sentence: "The smallest complete program: a server of fifteen lines and a page.",
    },
    ticker: {
      title: "Ticker",
      sentence: "Every connection has a counter of its own, which ends the moment its reader leaves.",
    },
    upload: {
      title: "Upload from the phone",
      sentence: "Scan a code, take a picture: it is on the desktop’s page the moment it arrives.",
    },
    "named-events": {
      title: "Named events, across origins",
      sentence: "A stream that comes back after a refusal, a 502 and a 503, beside one that stays dead.",
    },
    dashboard: {
      title: "Dashboard",
      sentence: "Who is connected and who lags behind: one client that stops reading holds up nobody else.",
    },
    tokens: {
      title: "Token by token",
      sentence:
        "A chat’s answer streams in, stops when told, and survives a cut connection to the very token.",
    },
    job: {
      title: "A long job",
      sentence: "A progress bar that a reload, another tab or a lost connection finds again where it is.",
    },
  },
};

/** @type {typeof en} */
const zh = {
  title: "服务器发送事件，实时",
  lede: "一组小而完整的系统，每个一分钟就能读完。在两个窗口里打开同一个，然后停掉服务器，再启动它。",
  systems: {
    introduction: {
      title: "入门",
      sentence: "最小的完整程序：十五行的服务器，加一个页面。",
    },
    ticker: {
      title: "计时器",
      sentence: "每个连接有自己的计数器，读者一离开，它就停下。",
    },
    upload: {
      title: "手机上传",
      sentence: "扫码、拍照：照片一到，就出现在电脑的页面上。",
    },
    "named-events": {
      title: "命名事件与跨源",
      sentence: "一个流在连接被拒、502、503 之后都会回来；旁边那个则再也不动了。",
    },
    dashboard: {
      title: "仪表盘",
      sentence: "谁在线、谁落后：一个停止读取的客户端不会拖慢任何人。",
    },
    tokens: {
      title: "逐词输出",
      sentence: "聊天的回答一点点流出来，说停就停；连接断了，也从断开的那个词继续。",
    },
    job: {
      title: "长时间任务",
      sentence: "一个进度条：刷新、换标签页、断线之后，都能接上当前的进度。",
    },
  },
};

export const texts = { en, zh };
export const text = pick(texts);
