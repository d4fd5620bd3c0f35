// Holds the sentences of the cluster's page.
import { pick } from "../page/language.js";

const en = {
  title: "Cluster",
  /** @param {string | undefined} engine what holds the log, once that is known */
  lede: (engine) =>
    `Three servers on three runtimes share one log${engine ? ` in ${engine}` : ""}, behind a proxy. ` +
    "Twenty numbers a second are published. Kill any of it: whoever was on that server goes on elsewhere, " +
    "at the number where it was. None is lost, none comes twice.",
  here: "This tab",
  on: "is on",
  nowhere: "nobody",
  number: "Newest number",
  lost: "Lost",
  doubled: "Doubled",
  gaps: "Gaps told",
  moves: "Changes of server",
  tabs: "All tabs of this browser",
  tab: "Tab",
  server: "Server",
  thisTab: "this one",
  another: "Open another tab",
  timeline: {
    heading: "What was killed when",
    none: "Nothing yet. Kill something.",
    /** @param {number} seconds */
    start: (seconds) => `${seconds / 60} min ago`,
    now: "now",
    how: { killed: "killed", restarted: "restarted", died: "died" },
    away: "away",
    /** @param {string} seconds */
    back: (seconds) => `back after ${seconds} s`,
    /** @param {number} received @param {number} lost @param {number} doubled */
    since: (received, lost, doubled) => `Since then ${received} numbers: ${lost} lost, ${doubled} doubled`,
    before: "Before this tab was open",
  },
  machines: "Servers",
  published: "Published",
  /** @param {string | undefined} engine */
  waiting: (engine) => engine ? `Waiting for ${engine}` : "Waiting",
  kill: "Kill",
  restart: "Restart",
  start: "Start",
  /** @param {string} act @param {string} name */
  button: (act, name) => `${act} ${name}`,
  states: {
    up: "Up",
    down: "Down",
    starting: "Starting",
    ending: "Ending",
    blind: "Without the log",
    silent: "Does not answer",
    file: "A file",
    elsewhere: "Not started here",
    unknown: "Not known",
  },
  /** @param {number} count */
  clients: (count) => count === 1 ? "1 client" : `${count} clients`,
  /** What the engine's row says of it, by whether it has a server that was started here. */
  log: {
    /** @param {string} engine */
    here: (engine) => `The shared log, in ${engine}. Killed, it keeps what it acknowledged.`,
    /** @param {string} engine */
    file: (engine) =>
      `The shared log, in ${engine}: a file that all three write. There is no server to kill.`,
    /** @param {string} engine */
    elsewhere: (engine) =>
      `The shared log, in ${engine}: a server that runs anyway, so nothing here kills it.`,
  },
  hint:
    "Kill ends a process at once, as a crash does. Restart tells it to end, as a deploy does: it sends its clients away first.",
  failed: "That did not work. The server’s output says why.",
  unreachable: "The page’s own server cannot be reached: nothing is known of the others until it can.",
  /** Why nothing can arrive though the connection stands. */
  stuck: {
    /** @param {string} engine */
    down: (engine) =>
      `${engine} is down: nothing can be published or arrive. What waits comes as soon as it is back.`,
    /** @param {string} node @param {string} engine */
    blind: (node, engine) => `${node} cannot reach ${engine}: what is published comes as soon as it can.`,
  },
};

/** @type {typeof en} */
const zh = {
  title: "集群",
  lede: (engine) =>
    `三台服务器运行在三种运行时上，经由代理对外，共用${engine ? ` ${engine} 里的` : ""}一份日志，` +
    "每秒发布二十个数字。随便停掉哪一个：原来连着它的人会转到别处，从断开时的数字继续。一个不丢，一个不重。",
  here: "这个标签页",
  on: "连接在",
  nowhere: "无",
  number: "最新的数字",
  lost: "丢失",
  doubled: "重复",
  gaps: "已告知的缺口",
  moves: "更换服务器次数",
  tabs: "此浏览器的所有标签页",
  tab: "标签页",
  server: "服务器",
  thisTab: "当前",
  another: "再开一个标签页",
  timeline: {
    heading: "何时停掉了谁",
    none: "还没有。停掉一个试试。",
    start: (seconds) => `${seconds / 60} 分钟前`,
    now: "现在",
    how: { killed: "被强行终止", restarted: "已重启", died: "自行退出" },
    away: "不在",
    back: (seconds) => `${seconds} 秒后恢复`,
    since: (received, lost, doubled) => `此后 ${received} 个数字：丢失 ${lost}，重复 ${doubled}`,
    before: "在打开此标签页之前",
  },
  machines: "服务器",
  published: "已发布",
  waiting: (engine) => engine ? `等待 ${engine}` : "等待中",
  kill: "强行终止",
  restart: "重启",
  start: "启动",
  button: (act, name) => `${act} ${name}`,
  states: {
    up: "运行中",
    down: "已停止",
    starting: "启动中",
    ending: "停止中",
    blind: "连不上日志",
    silent: "没有应答",
    file: "文件",
    elsewhere: "不由此处启动",
    unknown: "未知",
  },
  clients: (count) => `${count} 个客户端`,
  log: {
    here: (engine) => `共用的日志，存于 ${engine}。即使被强行终止，已确认的内容也不会丢。`,
    file: (engine) => `共用的日志，存于 ${engine}：三台服务器写同一个文件，没有可以终止的服务器。`,
    elsewhere: (engine) => `共用的日志，存于 ${engine}：那台服务器本来就在运行，这里不会终止它。`,
  },
  hint: "“强行终止”让进程像崩溃一样立刻消失；“重启”像部署时那样通知它结束，它会先让客户端离开。",
  failed: "没有成功，原因见服务器的输出。",
  unreachable: "连不上本页自己的服务器：在连上之前，其他服务器的情况都不清楚。",
  stuck: {
    down: (engine) => `${engine} 已停止：什么都发布不了，也收不到。它一恢复，等待的内容就会送达。`,
    blind: (node, engine) => `${node} 连不上 ${engine}：一连上，已发布的内容就会送达。`,
  },
};

export const texts = { en, zh };
export const text = pick(texts);
