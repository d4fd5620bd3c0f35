// Serves what was built on Node.
import { serve } from "tidings/serve";
import app from "./dist/server/server.js";

await serve((request) => app.fetch(request), { port: Number(process.env.PORT ?? 3000) });
