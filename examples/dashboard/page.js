// Starts the page in a browser. All the rest can be imported, and is tested, without one.
import { connectShared } from "../page/client.js";
import { closeWithPage } from "../page/leave.js";
import { startApp } from "./app.js";

const { close } = startApp(document, { connect: connectShared });
closeWithPage(close);
