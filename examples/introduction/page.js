// Shows what the smallest complete page needs: a stream, its state, and a list of what arrived.
import { addArrival } from "../page/arrivals.js";
import { connectShared } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { closeWithPage } from "../page/leave.js";
import { StatusBadge } from "../page/status.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
const stream = connectShared("events");
stream.onstate = (state, detail) => status.show(state, detail);
closeWithPage(() => stream.close());
stream.on("message", ({ data }) => addArrival(element("arrivals"), data));
