// Checks which folder imports which: the order of the rooms of lib/, and what stands around it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cruise } from "dependency-cruiser";
import { readJson, root } from "../support/project.mjs";

/** Folders outside of lib/, and what each must not reach into. Users import the library by its name, and so do these. */
const AROUND = {
  lib: ["examples", "tests", "bench", "scripts"],
  examples: ["lib", "mod.ts", "tests", "bench", "scripts"],
  bench: ["lib", "mod.ts", "tests", "examples", "scripts"],
  scripts: ["lib", "mod.ts", "tests", "examples", "bench"],
};

/** Each room, and the rooms that it may import. */
const rooms = readJson("scripts/gates/rooms.json");

function rules() {
  const inside = Object.entries(rooms).map(([room, allowed]) => ({
    name: `lib/${room} imports ${allowed.length === 0 ? "no other room" : `only ${allowed.join(", ")}`}`,
    severity: "error",
    from: { path: `^lib/${room}/` },
    to: { path: "^(lib/|mod\\.ts$)", pathNot: `^lib/(${[room, ...allowed].join("|")})/` },
  }));
  const around = Object.entries(AROUND).map(([folder, others]) => ({
    name: `${folder} reaches into none of ${others.join(", ")}`,
    severity: "error",
    from: { path: `^${folder}/` },
    to: { path: `^(${others.join("|")})(/|$)`, pathNot: "^examples/[^.]*\\.json$" },
  }));
  return [...inside, ...around, {
    name: "no circle",
    severity: "error",
    from: {},
    to: { circular: true },
  }];
}

/** The order itself must have no circle, or it would be none. */
function checkOrder() {
  const above = [];
  const visit = (room) => {
    if (above.includes(room)) {
      throw new Error(`scripts/gates/rooms.json goes round in a circle: ${[...above, room].join(" → ")}`);
    }
    above.push(room);
    for (const below of rooms[room] ?? []) visit(below);
    above.pop();
  };
  Object.keys(rooms).forEach(visit);
  const folders = readdirSync(join(root, "lib"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const strangers = folders.filter((name) => rooms[name] === undefined);
  if (strangers.length > 0) {
    throw new Error(`scripts/gates/rooms.json does not say what ${strangers.join(", ")} may import`);
  }
}

async function keepOrder() {
  checkOrder();
  const { output } = await cruise(["mod.ts", "lib", "examples", "bench", "scripts"], {
    baseDir: root,
    ruleSet: { forbidden: rules() },
    validate: true,
    // Types are imports too: who needs a room's types cannot do without the room.
    tsPreCompilationDeps: true,
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(node_modules|\\.out|dist)/" },
  });
  const { violations, totalDependenciesCruised } = output.summary;
  // A parser that reads no types, or nothing at all, would find nothing wrong.
  if (totalDependenciesCruised < 300) throw new Error(`Only ${totalDependenciesCruised} imports were found`);
  if (violations.length === 0) return;
  const list = violations.map(({ from, to, rule, cycle }) =>
    `  ${from} imports ${cycle === undefined ? to : cycle.map(({ name }) => name).join(" → ")} (${rule.name})`
  );
  throw new Error(`Imports against the order of scripts/gates/rooms.json:\n${[...new Set(list)].join("\n")}`);
}

export const gates = [{ name: "the order of the rooms", run: keepOrder }];
