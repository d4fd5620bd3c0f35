// Serves the packed package as a registry does, so that a stranger's own commands install it by its name.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { tarball } from "./packed.mjs";
import { readJson } from "./project.mjs";

/**
 * Runs `visit` while the registry listens. It knows this one package, so nothing else can be installed.
 *
 * @param {string} work the folder that all gates share
 * @param {(env: Record<string, string>) => Promise<void>} visit is given an environment in which npm, Bun and Deno ask this
 *   registry, and keep what they got apart from what they have of the same name and version
 */
export async function withRegistry(work, visit) {
  const bytes = readFileSync(await tarball(work));
  const manifest = readJson("package.json");
  const { name, version } = manifest;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    if (pathname === `/${name}`) {
      const dist = {
        tarball: `http://${request.headers.host}/${name}/-/${name}-${version}.tgz`,
        integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
        shasum: createHash("sha1").update(bytes).digest("hex"),
      };
      response.setHeader("content-type", "application/json");
      const versions = { [version]: { ...manifest, _id: `${name}@${version}`, dist } };
      response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
    } else if (pathname === `/${name}/-/${name}-${version}.tgz`) {
      response.setHeader("content-type", "application/octet-stream");
      response.end(bytes);
    } else {
      // Asked for are the optional peers too; whatever was needed and is not here makes the install fail.
      response.writeHead(404).end("{}");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const caches = join(work, `caches-${server.address().port}`);
  mkdirSync(caches);
  try {
    await visit({
      npm_config_registry: url,
      npm_config_cache: join(caches, "npm"),
      npm_config_audit: "false",
      npm_config_fund: "false",
      NPM_CONFIG_REGISTRY: url,
      BUN_CONFIG_REGISTRY: url,
      BUN_INSTALL_CACHE_DIR: join(caches, "bun"),
      DENO_DIR: join(caches, "deno"),
      // JSR is not asked either.
      JSR_URL: url,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
