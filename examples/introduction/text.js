// Holds the sentences of the introduction's page.
import { pick } from "../page/language.js";

const en = {
  title: "Introduction",
  lede:
    "A server of sixteen lines tells every page the time, every two seconds, and writes into its log how many " +
    "consumers there are, whenever that has changed. Open this page in a second browser, and watch the log: the tabs of one browser share one " +
    "connection, and so are one consumer.",
  heading: "What arrived",
};

/** @type {typeof en} */
const zh = {
  title: "入门",
  lede: "一个十六行的服务器每两秒向所有页面报一次时间，消费者的数目一变，就写进日志。" +
    "换一个浏览器再打开本页，看看日志：同一浏览器的标签页共用一个连接，只算一个消费者。",
  heading: "收到的消息",
};

export const texts = { en, zh };
export const text = pick(texts);
