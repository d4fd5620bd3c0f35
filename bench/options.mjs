/** Reads the command line. */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ALL } from "./contenders/index.mjs";
import { pathOf, RUNTIMES } from "./harness/runtimes.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";

const USAGE = `npm run bench -- [options]

  --scenarios a,b       only these, by their letters; one of several variants by its id
  --runtimes node,bun   only these of ${RUNTIMES.join(", ")}
  --contenders raw,h3   only these of ${[...new Set(ALL.map(({ name }) => name))].join("; ")}
  --rounds 5            how often; the median counts (default: 5, and 1 with --quick)
  --minutes 60          begin no round that would take longer than this in all (default: 60)
  --everyone            all contenders in all rounds, also where no goal is against them: more than an hour
  --quick               a tenth of the clients, for seconds: shows that it works, and no figures to quote
  --resume              add rounds to what the folder for the results holds; for some scenarios or for all
  --renew               measure some scenarios anew, and keep what the folder holds of the others
  --out results         the folder for the results (default: results, and .out/quick with --quick)
  --node PATH           this Node for the server; --bun and --deno likewise
  --profiles FOLDER     write the servers' CPU profiles there
  --help                this
`;

/** Reads the command line, or ends the process with a word on what is wrong with it. */
export function readOptions() {
  let values;
  try {
    values = parseArgs({
      options: {
        ...Object.fromEntries(
          ["scenarios", "runtimes", "contenders", "rounds", "minutes", "out", "profiles", ...RUNTIMES].map((
            name,
          ) => [
            name,
            { type: "string" },
          ]),
        ),
        quick: { type: "boolean", default: false },
        everyone: { type: "boolean", default: false },
        resume: { type: "boolean", default: false },
        renew: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    stop(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { quick, resume, renew } = values;
  if (resume && renew) stop("--resume adds to what is there, --renew puts it aside: only one of them");
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) {
    stop(`--rounds must be a whole number, received ${values.rounds}`);
  }
  const minutes = Number(values.minutes ?? (values.everyone ? Infinity : 60));
  if (!(minutes > 0)) stop(`--minutes must be a number above 0, received ${values.minutes}`);
  return {
    quick,
    resume,
    renew,
    rounds,
    minutes,
    // Who is asked for by name takes part everywhere.
    focus: !values.everyone && values.contenders === undefined,
    profiles: values.profiles && fileURLToPath(new URL(values.profiles, `file://${process.cwd()}/`)),
    out: fileURLToPath(new URL(`${values.out ?? (quick ? ".out/quick" : "results")}/`, import.meta.url)),
    scenarios: choose(
      "scenarios",
      values.scenarios,
      SCENARIOS,
      ({ id }, word) => id === word || id[0] === word,
    ),
    contenders: choose(
      "contenders",
      values.contenders,
      ALL,
      ({ name }, word) => name === word,
    ),
    runtimes: choose("runtimes", values.runtimes, RUNTIMES, (name, word) => name === word)
      .map((kind) => ({ kind, path: pathOf(kind, values[kind]) })),
  };
}

function choose(option, words, all, matches) {
  if (words === undefined) return all;
  const wanted = words.split(",").map((word) => word.trim());
  const unknown = wanted.find((word) => !all.some((each) => matches(each, word)));
  if (unknown !== undefined) stop(`--${option}: there is no "${unknown}"`);
  return all.filter((each) => wanted.some((word) => matches(each, word)));
}

function stop(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
