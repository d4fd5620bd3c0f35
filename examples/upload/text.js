// Holds the sentences of the desktop's page and of the phone's.
import { pick } from "../page/language.js";

const en = {
  title: "Upload from the phone",
  lede: "Scan the code with a phone, take a picture, and it appears here: pushed in the moment it arrives.",
  code: {
    heading: "Scan with the phone",
    picture: "QR code of the phone’s link",
    address: "This machine’s address",
    network: "The phone has to be in the same network as this machine.",
    unreachable:
      "This page is open at an address that only this machine has, and no other was found. Let the server listen " +
      "to the network (HOST=0.0.0.0), or open this page by the machine’s name.",
    secret: "Whoever has the link can send pictures here, and see them.",
    link: "Open the phone’s page here",
    copy: "Copy the link",
    copied: "Copied",
    renew: "New code",
    waiting: "The code appears when the server can be reached.",
    failed: "The code cannot be drawn: the server could not build the page’s script. Use the link.",
    /** @param {string} time @param {number} minutes */
    until: (time, minutes) =>
      `Good until ${time}: ${minutes <= 1 ? "less than a minute" : `${minutes} minutes`} left.`,
    ended: "The time of this code is over, and the server has removed its pictures.",
    refused: "The server refuses this code. Make a new one.",
  },
  pictures: {
    heading: "Pictures",
    empty: "None yet.",
    /** @param {number} count */
    count: (count) => count === 1 ? "One picture" : `${count} pictures`,
    /** @param {number} number */
    name: (number) => `Picture ${number}`,
    save: "Save",
    broken: "This browser cannot show it.",
  },
  phone: {
    title: "Send pictures",
    lede: "Each picture appears on the desktop’s page as soon as it is there.",
    take: "Take a picture",
    choose: "Choose pictures",
    drop: "or drop them here",
    /** @param {string} size @param {number} most */
    limits: (size, most) => `JPEG, PNG, GIF, WebP or AVIF, up to ${size} each, ${most} in all.`,
    place:
      "They are sent as they are, with the place where they were taken if the camera wrote it into them.",
    list: "What was sent",
    nameless: "Picture",
    checking: "Checking the code…",
    waiting: "Waiting",
    sent: "Sent: it is on the desktop’s page",
    again: "Try again",
    problems: {
      "no-code": "This page needs a code: scan the one that the desktop’s page shows.",
      unknown: "The server does not know this code. Scan the one that the desktop’s page shows now.",
      ended: "The time of this code is over. Let the desktop’s page show a new one.",
      "not-yours": "This code belongs to somebody else.",
      missing: "The link is not complete: scan the code again.",
      malformed: "The link is not complete: scan the code again.",
      "no-picture": "Not sent: this is no picture.",
      heic: "Not sent: few browsers show HEIC. Let the camera save JPEG.",
      empty: "Not sent: the file is empty.",
      "too-large": "Not sent: it is too large.",
      "too-much": "Not sent: the code’s room is used up. Let the desktop’s page show a new one.",
      "too-many": "Not sent: the code holds no more pictures. Let the desktop’s page show a new one.",
      "too-slow": "Not sent: the connection was too slow.",
      "broken-off": "Not sent: the connection broke.",
      full: "Not sent: the server has no room left.",
      unreachable: "Not sent: the server cannot be reached.",
    },
    /** @param {number} status */
    refused: (status) => `Not sent: the server answered ${status}.`,
  },
};

/** @type {typeof en} */
const zh = {
  title: "手机上传",
  lede: "用手机扫码，拍一张照片，它就会出现在这里：照片一到，服务器立刻推送。",
  code: {
    heading: "用手机扫码",
    picture: "手机链接的二维码",
    address: "本机地址",
    network: "手机要和这台电脑在同一个网络里。",
    unreachable:
      "这个页面的地址只有本机才能访问，也没有找到别的地址。请让服务器监听网络（HOST=0.0.0.0），或用本机的名称打开此页。",
    secret: "得到这个链接的人都可以往这里发照片，也能看到它们。",
    link: "在这里打开手机页面",
    copy: "复制链接",
    copied: "已复制",
    renew: "换一个码",
    waiting: "连上服务器后，二维码就会出现。",
    failed: "二维码画不出来：服务器没能生成页面的脚本。请直接使用链接。",
    until: (time, minutes) => `${time} 前有效，还剩 ${Math.max(1, minutes)} 分钟。`,
    ended: "这个码已到期，服务器已删除它的照片。",
    refused: "服务器拒绝了这个码，请换一个。",
  },
  pictures: {
    heading: "照片",
    empty: "还没有照片。",
    count: (count) => `${count} 张照片`,
    name: (number) => `照片 ${number}`,
    save: "保存",
    broken: "这个浏览器显示不了它。",
  },
  phone: {
    title: "发送照片",
    lede: "每张照片一传到，就会出现在电脑的页面上。",
    take: "拍照",
    choose: "选择照片",
    drop: "或拖放到这里",
    limits: (size, most) => `支持 JPEG、PNG、GIF、WebP、AVIF，每张不超过 ${size}，最多 ${most} 张。`,
    place: "照片按原样发送；如果相机写入了拍摄地点，它也会一并发出。",
    list: "发送记录",
    nameless: "照片",
    checking: "正在检查二维码……",
    waiting: "等待中",
    sent: "已发送，电脑页面上可以看到了",
    again: "重试",
    problems: {
      "no-code": "这个页面需要一个码：请扫描电脑页面上的二维码。",
      unknown: "服务器不认识这个码，请扫描电脑页面上现在的二维码。",
      ended: "这个码已到期，请在电脑页面上换一个。",
      "not-yours": "这个码属于别人。",
      missing: "链接不完整，请重新扫码。",
      malformed: "链接不完整，请重新扫码。",
      "no-picture": "没有发送：这不是图片。",
      heic: "没有发送：很少有浏览器能显示 HEIC，请让相机保存为 JPEG。",
      empty: "没有发送：文件是空的。",
      "too-large": "没有发送：文件太大。",
      "too-much": "没有发送：这个码的空间已用完，请在电脑页面上换一个。",
      "too-many": "没有发送：这个码已放满照片，请在电脑页面上换一个。",
      "too-slow": "没有发送：连接太慢。",
      "broken-off": "没有发送：连接中断。",
      full: "没有发送：服务器没有空间了。",
      unreachable: "没有发送：连不上服务器。",
    },
    refused: (status) => `没有发送：服务器返回 ${status}。`,
  },
};

export const texts = { en, zh };
export const text = pick(texts);
