/**
 * Writes the statements that make the tables and functions of {@linkcode postgresStore}: one function for each operation, so
 * that each is one statement and one step.
 *
 * All times are the server's. What changes with each append is in no index, so that Postgres rewrites a row in its place:
 * `look` says when to look at the lease next and may lag behind it, and `kept` says until when a stream is kept and is put off
 * by an eighth more than asked for, so that both are seldom changed.
 *
 * @module
 */

/** Run behind the statements for logs. */
export const STORE: string = `-- The streams of tidings/resumable.
CREATE TABLE IF NOT EXISTS tidings._streams (
  prefix text NOT NULL,
  id text NOT NULL,
  epoch text NOT NULL,
  owner text NOT NULL,
  token text NOT NULL,
  state text NOT NULL DEFAULT 'running',
  reason text,
  first bigint NOT NULL DEFAULT 1,
  last bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  started_at bigint NOT NULL,
  ended_at bigint,
  lease_end bigint NOT NULL,
  claims int NOT NULL DEFAULT 0,
  look bigint NOT NULL,
  kept bigint NOT NULL,
  PRIMARY KEY (prefix, id)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS _streams_look ON tidings._streams (prefix, look) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS _streams_kept ON tidings._streams (prefix, kept);

-- What was appended together is one row, under the number of its last event.
CREATE TABLE IF NOT EXISTS tidings._frames (
  prefix text NOT NULL,
  id text NOT NULL,
  last bigint NOT NULL,
  frames text NOT NULL,
  PRIMARY KEY (prefix, id, last)
);

-- Which process watches which stream, for as long as it says so.
CREATE UNLOGGED TABLE IF NOT EXISTS tidings._watchers (
  prefix text NOT NULL,
  id text NOT NULL,
  process text NOT NULL,
  till bigint NOT NULL,
  PRIMARY KEY (prefix, id, process)
);

CREATE OR REPLACE FUNCTION tidings._readers(prefix text, id text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*) FROM tidings._watchers w WHERE w.prefix = $1 AND w.id = $2 AND w.till > tidings._now()
$$;

-- A stream's head, as it is told.
CREATE OR REPLACE FUNCTION tidings._head(s tidings._streams) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT json_build_object('epoch', s.epoch, 'state', s.state, 'reason', s.reason, 'first', s.first, 'last', s.last,
    'bytes', s.bytes, 'startedAt', s.started_at, 'endedAt', s.ended_at, 'lease', s.lease_end - tidings._now(),
    'claims', s.claims, 'readers', tidings._readers(s.prefix, s.id))::text
$$;

-- Finds a stream, and holds it until the end of the step. One that is kept no longer is none.
CREATE OR REPLACE FUNCTION tidings._hold(p text, i text) RETURNS tidings._streams LANGUAGE plpgsql AS $$
DECLARE s tidings._streams;
BEGIN
  SELECT * INTO s FROM tidings._streams t WHERE t.prefix = p AND t.id = i FOR UPDATE;
  IF s.kept <= tidings._now() THEN RETURN NULL; END IF;
  RETURN s;
END $$;

-- Until when a stream is kept: as it was, or an eighth more than it has to be.
CREATE OR REPLACE FUNCTION tidings._keep(kept bigint, moment bigint, span bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN moment + span <= kept THEN kept ELSE moment + span + greatest(1000, span / 8) END
$$;

-- Forgets some of the streams that are kept no longer: two for each that comes in, so that nothing gathers.
CREATE OR REPLACE FUNCTION tidings._sweep(p text, most int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH gone AS (
    DELETE FROM tidings._streams t WHERE (t.prefix, t.id) IN (
      SELECT u.prefix, u.id FROM tidings._streams u WHERE u.prefix = p AND u.kept <= tidings._now()
      ORDER BY u.kept LIMIT most FOR UPDATE SKIP LOCKED)
    RETURNING t.id
  ) DELETE FROM tidings._frames f USING gone WHERE f.prefix = p AND f.id = gone.id;
END $$;

CREATE OR REPLACE FUNCTION tidings._create(p text, i text, channel text, owners text, new_epoch text, new_owner text,
  new_token text, lease bigint, keep bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  s tidings._streams;
  now bigint;
BEGIN
  -- One at a time creates it; whoever comes second finds the row.
  PERFORM pg_advisory_xact_lock(hashtextextended(p || ':' || i, 1953064051));
  PERFORM tidings._sweep(p, 2);
  SELECT * INTO s FROM tidings._streams t WHERE t.prefix = p AND t.id = i FOR UPDATE;
  now := tidings._now();
  IF s.kept > now THEN
    IF s.token = new_token THEN RETURN true; END IF;
    IF s.state = 'running' AND s.lease_end > now THEN RETURN false; END IF;
    IF s.state = 'running' THEN PERFORM pg_notify(owners || s.owner, i); END IF;
  END IF;
  DELETE FROM tidings._frames f WHERE f.prefix = p AND f.id = i;
  DELETE FROM tidings._streams t WHERE t.prefix = p AND t.id = i;
  INSERT INTO tidings._streams (prefix, id, epoch, owner, token, started_at, lease_end, look, kept)
    VALUES (p, i, new_epoch, new_owner, new_token, now, now + lease, now + lease, tidings._keep(0, now, lease + keep));
  PERFORM pg_notify(channel, i);
  RETURN true;
END $$;

-- The head of the stream as it is, if nothing is written; and else its epoch.
CREATE OR REPLACE FUNCTION tidings._append(p text, i text, channel text, owner_token text, lease bigint, keep bigint,
  first bigint, count bigint, forget bigint, frames text, OUT written boolean, OUT head text, OUT epoch text)
LANGUAGE plpgsql AS $$
DECLARE
  s tidings._streams := tidings._hold(p, i);
  now bigint := tidings._now();
  since bigint;
  repeated bigint;
  newest bigint;
BEGIN
  written := s.token = owner_token AND s.state = 'running';
  IF written IS NOT TRUE THEN
    written := false;
    IF s.id IS NOT NULL THEN head := tidings._head(s); ELSE PERFORM pg_notify(channel, i); END IF;
    RETURN;
  END IF;
  repeated := s.last + 1 - first;
  since := first;
  IF repeated >= count THEN
    count := 0;
  ELSIF repeated > 0 THEN
    frames := array_to_string((string_to_array(frames, E'\\n\\n'))[repeated + 1:], E'\\n\\n');
    since := s.last + 1;
    count := count - repeated;
  END IF;
  newest := CASE WHEN count > 0 THEN since + count - 1 ELSE s.last END;
  forget := least(forget, newest);
  IF count > 0 THEN
    INSERT INTO tidings._frames (prefix, id, last, frames) VALUES (p, i, newest, frames);
  END IF;
  IF forget >= s.first THEN
    DELETE FROM tidings._frames f WHERE f.prefix = p AND f.id = i AND f.last <= forget;
  END IF;
  UPDATE tidings._streams t SET
    last = newest,
    -- A character that is stored as two counts as the one that it was.
    bytes = t.bytes + CASE WHEN count > 0
      THEN octet_length(frames) - length(frames) + length(replace(frames, E'\\x01', '')) ELSE 0 END,
    first = greatest(t.first, forget + 1),
    lease_end = now + lease,
    look = least(t.look, now + lease),
    kept = tidings._keep(t.kept, now, lease + keep)
    WHERE t.prefix = p AND t.id = i;
  epoch := s.epoch;
END $$;

-- Tells what was appended, if anybody watches, and says how many do: asked after the commit, so that whoever is not counted
-- yet reads it.
CREATE OR REPLACE FUNCTION tidings._tell(p text, i text, channel text, message text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE readers bigint := tidings._readers(p, i);
BEGIN
  IF readers > 0 AND message <> '' THEN PERFORM pg_notify(channel, message); END IF;
  RETURN readers;
END $$;

CREATE OR REPLACE FUNCTION tidings._end(p text, i text, channel text, owners text, new_state text, why text, keep bigint,
  owner_token text, overdue boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s tidings._streams := tidings._hold(p, i);
  now bigint := tidings._now();
BEGIN
  IF s.id IS NULL THEN RETURN NULL; END IF;
  IF s.state = 'running' AND s.token = coalesce(owner_token, s.token) AND NOT (overdue AND s.lease_end > now) THEN
    UPDATE tidings._streams t SET state = new_state, reason = why, ended_at = now, kept = now + keep
      WHERE t.prefix = p AND t.id = i RETURNING * INTO s;
    PERFORM pg_notify(channel, i);
    IF owner_token IS NULL THEN PERFORM pg_notify(owners || s.owner, i); END IF;
  END IF;
  RETURN tidings._head(s);
END $$;

CREATE OR REPLACE FUNCTION tidings._claim(p text, i text, channel text, owners text, new_owner text, new_token text,
  lease bigint, keep bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s tidings._streams := tidings._hold(p, i);
  now bigint := tidings._now();
BEGIN
  IF s.id IS NULL OR s.state <> 'running' OR (s.token <> new_token AND s.lease_end > now) THEN RETURN NULL; END IF;
  IF s.token <> new_token THEN
    PERFORM pg_notify(owners || s.owner, i);
    PERFORM pg_notify(channel, i);
  END IF;
  UPDATE tidings._streams t SET owner = new_owner, token = new_token, lease_end = now + lease, look = now + lease,
    claims = t.claims + (s.token <> new_token)::int, kept = tidings._keep(t.kept, now, lease + keep)
    WHERE t.prefix = p AND t.id = i RETURNING * INTO s;
  RETURN tidings._head(s);
END $$;

CREATE OR REPLACE FUNCTION tidings._overdue(p text, most int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE now bigint := tidings._now();
BEGIN
  -- Their leases were renewed since: look later.
  UPDATE tidings._streams t SET look = t.lease_end WHERE (t.prefix, t.id) IN (
    SELECT u.prefix, u.id FROM tidings._streams u
    WHERE u.prefix = p AND u.state = 'running' AND u.look <= now AND u.lease_end > now FOR UPDATE SKIP LOCKED);
  RETURN QUERY SELECT t.id FROM tidings._streams t
    WHERE t.prefix = p AND t.state = 'running' AND t.look <= now AND t.lease_end <= now AND t.kept > now
    ORDER BY t.look LIMIT most;
END $$;

-- The head, and then what was appended after a number, as much as fits. All of one moment.
CREATE OR REPLACE FUNCTION tidings._read(p text, i text, after bigint, most bigint)
RETURNS TABLE (head text, last bigint, frames text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  s tidings._streams;
  size bigint := 0;
BEGIN
  SELECT * INTO s FROM tidings._streams t WHERE t.prefix = p AND t.id = i AND t.kept > tidings._now();
  IF s.id IS NULL THEN RETURN; END IF;
  head := tidings._head(s);
  RETURN NEXT;
  head := NULL;
  IF after IS NULL THEN RETURN; END IF;
  FOR last, frames IN SELECT f.last, f.frames FROM tidings._frames f
    WHERE f.prefix = p AND f.id = i AND f.last > after ORDER BY f.last LOOP
    RETURN NEXT;
    size := size + octet_length(frames);
    EXIT WHEN size >= most;
  END LOOP;
END $$;

-- A process watches these streams, for so long; and others no more.
CREATE OR REPLACE FUNCTION tidings._watch(p text, who text, watched text[], left_alone text[], span bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM tidings._watchers w WHERE w.prefix = p AND w.process = who AND w.id = ANY (left_alone);
  INSERT INTO tidings._watchers (prefix, id, process, till)
    SELECT p, each.id, who, tidings._now() + span FROM unnest(watched) AS each (id) ORDER BY each.id
    ON CONFLICT (prefix, id, process) DO UPDATE SET till = excluded.till;
  DELETE FROM tidings._watchers w WHERE (w.prefix, w.id, w.process) IN (
    SELECT x.prefix, x.id, x.process FROM tidings._watchers x
    WHERE x.prefix = p AND x.till < tidings._now() - 60000 LIMIT 100 FOR UPDATE SKIP LOCKED);
END $$;
`;
