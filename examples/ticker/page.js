// Reads /sse, shows what comes, and lets the visitor leave and come back.
import { addArrival } from "../page/arrivals.js";
import { connectShared } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { closeWithPage } from "../page/leave.js";
import { StatusBadge } from "../page/status.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
const toggle = element("toggle");

function open() {
  const stream = connectShared("../sse");
  stream.onstate = (state, detail) => {
    status.show(state, detail);
    toggle.textContent = state === "closed" ? text.connect : text.disconnect;
  };
  stream.on("message", ({ data }) => addArrival(element("arrivals"), data));
  return stream;
}

let stream = open();
closeWithPage(() => stream.close());
toggle.addEventListener("click", () => {
  if (stream.state === "closed") stream = open();
  else stream.close();
});
