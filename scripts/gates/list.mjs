// Lists every gate, in the order in which they run: the quick and local ones first.
import { gates as browsers } from "./browsers.mjs";
import { gates as budget } from "./budget.mjs";
import { gates as deno } from "./deno.mjs";
import { gates as deploy } from "./deploy.mjs";
import { gates as init } from "./init.mjs";
import { gates as manifest } from "./package.mjs";
import { gates as quickstart } from "./quickstart.mjs";
import { gates as readme } from "./readme.mjs";
import { gates as recipes } from "./recipes.mjs";
import { gates as release } from "./release.mjs";
import { gates as repository } from "./repository.mjs";
import { gates as rooms } from "./rooms.mjs";
import { gates as site } from "./site.mjs";
import { gates as siteBrowser } from "./site_browser.mjs";
import { gates as snippets } from "./snippets.mjs";
import { gates as source } from "./source.mjs";
import { gates as tarball } from "./tarball.mjs";
import { gates as types } from "./types.mjs";
import { gates as workflows } from "./workflows.mjs";

/** `run(context)` throws when the gate fails; `context.work` is a temporary folder that all gates share. */
export const gates = [
  ...source,
  ...rooms,
  ...deno,
  ...manifest,
  ...repository,
  ...release,
  ...workflows,
  ...types,
  ...budget,
  ...tarball,
  ...deploy,
  ...readme,
  ...init,
  ...snippets,
  ...site,
  ...quickstart,
  ...recipes,
  ...siteBrowser,
  ...browsers,
];
