// Installs programs that the tests drive and npm does not have: browsers, engines, a proxy.
import { existsSync, readdirSync } from "node:fs";
import { exec } from "./exec.mjs";

/** How programs are asked for their version where it is not by `--version`, or where the command has another name. */
const QUESTIONS = {
  caddy: ["caddy", "version"],
  "golang-go": ["go", "version"],
  nginx: ["nginx", "-v"],
  "php-cli": ["php", "--version"],
  "php-symfony-mercure": ["php", "-r", "require 'Symfony/Component/Mercure/autoload.php';"],
};

/** Whether a program, or a library, is there: Debian's package of that name has a command of that name, or it is named above. */
function starts(name) {
  // The package's own programs lie in a folder for each version, and its commands only lead there.
  if (name === "postgresql") return Promise.resolve(hasPostgres());
  return exec(QUESTIONS[name] ?? [name, "--version"]).then(() => true, () => false);
}

function hasPostgres() {
  const root = "/usr/lib/postgresql";
  return existsSync(root) &&
    readdirSync(root).some((version) => existsSync(`${root}/${version}/bin/postgres`));
}

/** On a CI machine what is missing is installed; on anybody else's nothing is installed unasked. */
export async function present(packages) {
  const answers = await Promise.all(packages.map(starts));
  const missing = packages.filter((_, index) => !answers[index]);
  if (missing.length === 0) return;
  if (!process.env.CI) {
    throw new Error(`Not installed: ${missing.join(", ")}. On Debian: apt-get install ${missing.join(" ")}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await exec(["apt-get", "update"], { env });
  await exec(["apt-get", "install", "-y", ...missing], { env, limit: 900 });
  for (const name of missing) {
    if (!await starts(name)) {
      throw new Error(`${name} was installed and does not start: try "${name} --version"`);
    }
  }
}
