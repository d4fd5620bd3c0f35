/**
 * Writes the statements that make what the engine needs in a database: a schema of its own, its functions, and the logs.
 *
 * ## Numbers in the order of commits
 *
 * Whoever appends takes the log's lock, then a number, and holds the lock until the commit can be seen: so whoever sees an
 * entry sees all with lower numbers, and a reader never has to look back. The number comes from a sequence, which is the same
 * for all, whatever a transaction's snapshot shows.
 *
 * A transaction of the user's must not hold the lock while it goes on for minutes. What it publishes waits in an outbox that
 * nobody else can see, and a deferred constraint trigger numbers it when the transaction commits: the lock is held for the
 * commit alone. The outbox is emptied in the same step, so that it needs no log of its own (`UNLOGGED`).
 *
 * @module
 */

import { checkNames, namesOf, wrongOption } from "../base/options.ts";
import { STORE } from "./store_schema.ts";

/** Options of {@linkcode postgresMigration}. */
export interface PostgresMigrationOptions {
  /** The names of the logs, as `postgresLog()` gets them. Default: none. */
  readonly logs?: readonly string[] | undefined;
  /** Whether `postgresStore()` is used. Default: false. */
  readonly store?: boolean | undefined;
  /** Roles that are to use what is made, besides the one that makes it. Default: none. */
  readonly roles?: readonly string[] | undefined;
}

const OPTIONS = namesOf<PostgresMigrationOptions>({ logs: true, store: true, roles: true });

/** Raised whenever the functions change. */
const VERSION = "1";

/** The first half of the keys of all advisory locks: "tids", in ASCII. */
const LOCK = 0x74696473;

const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** Checks the name of a log, which is that of its table. */
export function logName(option: string, name: unknown): string {
  if (typeof name === "string" && NAME.test(name)) return name;
  throw wrongOption(option, "a name of 1 to 40 small letters, digits and _, that begins with a letter", name);
}

/**
 * The statements that make, in a schema `tidings` of its own, what `postgresLog()` and `postgresStore()` need. They may be run
 * again, and change nothing then: put them into your migrations, or set the option `migrate`, which runs them when they are
 * missing. The role that runs them needs the right to create a schema; it is the owner of all.
 *
 * Other roles need no more than `roles` gives them: `USAGE` of the schema, `SELECT`, `INSERT` and `DELETE` on the log's table
 * and the outbox, and `USAGE` and `UPDATE` of the log's sequence; for the store `SELECT`, `INSERT`, `UPDATE` and `DELETE` on its tables.
 * Without the right to delete from a log a role still reads and publishes: give it `maxEvents: Infinity`, and others do the
 * trimming; with any other bound its Broadcaster's `onError` is told that it cannot.
 *
 * A log is an ordinary table, `tidings.<name>`: it is in backups, and `TRUNCATE` empties it, which clients are told of.
 *
 * @throws {TypeError} If an option is wrong.
 *
 * @example
 * ```ts
 * import { postgresMigration } from "tidings/postgres";
 *
 * const sql = postgresMigration({ logs: ["orders"], roles: ["app"] });
 * console.log(sql.includes("CREATE SCHEMA IF NOT EXISTS tidings")); // true
 * ```
 */
export function postgresMigration(options: PostgresMigrationOptions): string {
  checkNames("postgresMigration", options, OPTIONS, { tables: "logs", log: "logs", role: "roles" });
  const { logs = [], store = false, roles = [] } = options;
  if (!Array.isArray(logs)) throw wrongOption("logs", "a list of names", logs);
  for (const name of logs) logName("logs", name);
  if (!Array.isArray(roles) || roles.some((role) => typeof role !== "string" || role === "")) {
    throw wrongOption("roles", "a list of names", roles);
  }
  const statements = [LOGS, ...logs.map((name) => `SELECT tidings.create_log('${name}');\n`)];
  if (store) statements.push(STORE);
  for (const role of roles) statements.push(grants(`"${role.replaceAll('"', '""')}"`, logs, store));
  return statements.join("\n");
}

/** Asks what is there already: whether the schema is of this version, and all the tables exist. */
export function presentQuery(tables: readonly string[]): string {
  const all = tables.map((table) => `to_regclass('tidings.${table}') IS NOT NULL`).join(" AND ");
  return `SELECT (obj_description(to_regnamespace('tidings'), 'pg_namespace') = 'tidings ${VERSION}' AND ${all}) ` +
    "IS TRUE AS present";
}

function grants(role: string, logs: readonly string[], store: boolean): string {
  const lines = [
    `GRANT USAGE ON SCHEMA tidings TO ${role};`,
    `GRANT SELECT, INSERT, DELETE ON tidings._outbox TO ${role};`,
  ];
  for (const name of logs) {
    lines.push(`GRANT SELECT, INSERT, DELETE ON tidings.${name} TO ${role};`);
    lines.push(`GRANT USAGE, UPDATE ON SEQUENCE tidings._n_${name} TO ${role};`);
  }
  if (store) {
    lines.push(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON tidings._streams, tidings._frames, tidings._watchers TO ${role};`,
    );
  }
  return `${lines.join("\n")}\n`;
}

const LOGS = `-- tidings, version ${VERSION} of its schema. It may be run again.
SELECT pg_advisory_xact_lock(${LOCK}, 0);
CREATE SCHEMA IF NOT EXISTS tidings;
COMMENT ON SCHEMA tidings IS 'tidings ${VERSION}';

-- What a transaction publishes waits here until it commits, and is gone before anybody else could see it.
CREATE UNLOGGED TABLE IF NOT EXISTS tidings._outbox (
  ord bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log text NOT NULL,
  payload text NOT NULL
);

-- Makes a log: a table, and the sequence of its numbers.
CREATE OR REPLACE FUNCTION tidings.create_log(log text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF log !~ '^[a-z][a-z0-9_]{0,39}$' THEN
    RAISE EXCEPTION 'The name of a log is 1 to 40 small letters, digits and _, and begins with a letter, not "%"', log;
  END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS tidings.%I (n bigint PRIMARY KEY, at bigint NOT NULL, message_id text, '
    'payload text)', log);
  EXECUTE format('CREATE SEQUENCE IF NOT EXISTS tidings.%I OWNED BY tidings.%I.n', '_n_' || log, log);
END $$;

-- Milliseconds since 1970.
CREATE OR REPLACE FUNCTION tidings._now() RETURNS bigint LANGUAGE sql VOLATILE AS
  'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- The first of so many numbers of a log whose lock is held: the time in microseconds, or more. So a number is not given again
-- after a backup was restored, and a log that is dropped and made again has larger ones than before.
CREATE OR REPLACE FUNCTION tidings._next(log text, count bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  numbers regclass := format('tidings.%I', '_n_' || log);
  n bigint := greatest(nextval(numbers), floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
BEGIN
  PERFORM setval(numbers, n + count - 1);
  RETURN n;
END $$;

-- Appends entries, in their order, and gives their ids. The lock is held until the commit can be seen.
CREATE OR REPLACE FUNCTION tidings.append(log text, message_ids text[], payloads text[]) RETURNS SETOF text
LANGUAGE plpgsql SET lock_timeout = 3000 AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK}, hashtext(log));
  RETURN QUERY EXECUTE format(
    'INSERT INTO tidings.%I (n, at, message_id, payload)
     SELECT $1 + o - 1, $2, m, p FROM unnest($3, $4) WITH ORDINALITY AS u (m, p, o) ORDER BY o
     RETURNING n || ''-'' || at', log)
    USING tidings._next(log, cardinality(payloads)), tidings._now(), message_ids, payloads;
END $$;

-- Numbers what a transaction has published, when it commits. The locks of several logs are taken in one order.
CREATE OR REPLACE FUNCTION tidings._number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE each text;
BEGIN
  IF current_setting('tidings.logs', true) <> '' THEN
    FOR each IN SELECT DISTINCT unnest(string_to_array(current_setting('tidings.logs'), ',')) ORDER BY 1 LOOP
      PERFORM pg_advisory_xact_lock(${LOCK}, hashtext(each));
      PERFORM pg_notify('tidings_' || each, '');
    END LOOP;
    PERFORM set_config('tidings.logs', '', true);
  END IF;
  PERFORM pg_advisory_xact_lock(${LOCK}, hashtext(NEW.log));
  EXECUTE format('INSERT INTO tidings.%I (n, at, payload) VALUES ($1, $2, $3)', NEW.log)
    USING tidings._next(NEW.log, 1), tidings._now(), NEW.payload;
  DELETE FROM tidings._outbox WHERE ord = NEW.ord;
  RETURN NULL;
END $$;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'number' AND tgrelid = 'tidings._outbox'::regclass) THEN
    CREATE CONSTRAINT TRIGGER number AFTER INSERT ON tidings._outbox
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tidings._number();
  END IF;
END $$;

-- Publishes an event in the transaction that runs: a JSON object, see docs/reference.md.
CREATE OR REPLACE FUNCTION tidings.publish_payload(log text, payload text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE logs text := coalesce(current_setting('tidings.logs', true), '');
BEGIN
  IF log !~ '^[a-z][a-z0-9_]{0,39}$' OR to_regclass('tidings.' || log) IS NULL THEN
    RAISE EXCEPTION 'There is no log "%"', log
      USING ERRCODE = '42P01', HINT = 'Make it with tidings.create_log()';
  END IF;
  INSERT INTO tidings._outbox (log, payload) VALUES (log, payload);
  IF log <> ALL (string_to_array(logs, ',')) THEN
    PERFORM set_config('tidings.logs', concat_ws(',', nullif(logs, ''), log), true);
  END IF;
END $$;

-- The same, of its parts. The data is JSON, and all but the log may be NULL.
CREATE OR REPLACE FUNCTION tidings.publish(log text, event text, data json DEFAULT NULL, topic text DEFAULT NULL,
  key text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  SELECT tidings.publish_payload(log, '{' || concat_ws(',', '"event":' || to_json(event), '"topic":' || to_json(topic),
    '"key":' || to_json(key), '"json":' || data) || '}')
$$;

-- Forgets entries beyond a number and an age, a part of them at a time. Those at which readers may stand are kept.
CREATE OR REPLACE FUNCTION tidings.trim(log text, max_events bigint, max_age bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  now bigint := tidings._now();
  bound bigint := 0;
  other bigint;
  trimmed bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(${LOCK + 1}, hashtext(log)) THEN RETURN 0; END IF;
  IF max_events IS NOT NULL THEN
    EXECUTE format('SELECT n FROM tidings.%I ORDER BY n DESC OFFSET $1 LIMIT 1', log) INTO other USING max_events;
    bound := greatest(bound, other);
  END IF;
  IF max_age IS NOT NULL THEN
    -- The newest but those of the last ten seconds stays, too: a reader may stand there still.
    EXECUTE format('SELECT least(
        (SELECT n FROM tidings.%1$I WHERE at >= $1 ORDER BY n LIMIT 1),
        (SELECT n FROM tidings.%1$I WHERE at < $2 ORDER BY n DESC LIMIT 1)) - 1', log)
      INTO other USING now - max_age, now - 10000;
    bound := greatest(bound, other);
  END IF;
  EXECUTE format('DELETE FROM tidings.%1$I WHERE n IN
    (SELECT n FROM tidings.%1$I WHERE n <= $1 ORDER BY n LIMIT 10000)', log) USING bound;
  GET DIAGNOSTICS trimmed = ROW_COUNT;
  RETURN trimmed;
END $$;
`;
