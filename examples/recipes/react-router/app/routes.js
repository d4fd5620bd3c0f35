// Lists the app's routes.
import { route } from "@react-router/dev/routes";

export default [route("events", "events.js")];
