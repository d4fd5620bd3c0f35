// What index.html loads. The rest is importable without a browser, and tested so.
import { connect } from "../page/client.js";
import { startApp } from "./app.js";

startApp(document, { connect });
