/** Runs nginx before the nodes, with no more settings than it needs. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";

export interface ProxyOptions {
  readonly port: number;
  readonly hostname: string;
  /** Where the page is. */
  readonly home: number;
  /** Where the nodes are. */
  readonly nodes: readonly number[];
}

/** Makes an nginx that keeps everything in a folder. */
export function nginx(program: string, folder: string, { port, hostname, home, nodes }: ProxyOptions): Child {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${join(folder, name)};`).join("\n");
  writeFileSync(
    file,
    `
daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
${temporary}
  upstream nodes {
${nodes.map((node) => `    server 127.0.0.1:${node} max_fails=1 fail_timeout=1s;`).join("\n")}
  }
  server {
    listen ${hostname.includes(":") ? `[${hostname}]` : hostname}:${port};
    location = /events {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # A stream is passed on as it comes, and may be quiet for long.
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_connect_timeout 1s;
      proxy_next_upstream error timeout http_502 http_503;
    }
    location / {
      proxy_pass http://127.0.0.1:${home};
    }
  }
}
`,
  );
  return new Child("nginx", { command: [program, "-p", folder, "-c", file], port });
}
