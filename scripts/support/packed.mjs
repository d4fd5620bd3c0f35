// Packs the package as npm would publish it, and makes folders of users who installed it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "./exec.mjs";
import { root } from "./project.mjs";

let packed;

/** The path of the packed package, made once from what is in dist/. */
export function tarball(work) {
  packed ??= pack(work);
  return packed;
}

async function pack(work) {
  // A home that is new would hear of a newer npm, behind the list.
  const quiet = ["--json", "--no-update-notifier"];
  const listed = await exec(["npm", "pack", ...quiet, "--ignore-scripts", "--pack-destination", work], {
    cwd: root,
  });
  const { filename, files } = JSON.parse(listed.slice(listed.indexOf("[")))[0];
  const stray = files.map(({ path }) => path).filter((path) =>
    !/^(dist\/|template\/|lib\/cli\/hub\/page\/[^/]+\.(html|css|js)$|docs\/(?!node_modules\/|api\/|\.).+\.md$|[A-Z]+(\.zh-CN)?(\.md)?$|package\.json$)/
      .test(path)
  );
  if (stray.length > 0) throw new Error(`The package holds ${stray.join(", ")}: see "files" in package.json`);
  return join(work, filename);
}

/** Makes a folder with the package installed in it, and what else is named, and answers its path. */
export async function consumer(work, name, packages = []) {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  const wanted = [await tarball(work), ...packages];
  await exec(["npm", "install", "--no-audit", "--no-fund", ...wanted], { cwd: folder });
  return folder;
}
