// Says where Nitro finds the routes.
import { defineConfig } from "nitro";

export default defineConfig({ serverDir: "./" });
