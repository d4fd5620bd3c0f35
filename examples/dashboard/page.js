// What index.html loads. The rest is importable without a browser, and tested so.
import { connect } from "../page/client.js";
import { closeWithPage } from "../page/leave.js";
import { startApp } from "./app.js";

const { close } = startApp(document, { connect });
closeWithPage(close);
