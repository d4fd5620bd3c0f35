/**
 * Holds the Lua scripts of {@linkcode redisStore}: one for each operation, so that each is one command and one step.
 *
 * They are written for Redis 6.2 and later: what a script does is replicated by its effects, so it may ask for the time.
 * The keys of a stream are its head (a hash); its events, in blocks of some 4 kB or more (a Redis Stream, in which an entry's
 * id is the sequence number of the block's last frame); its tail, which is no block yet (a string); and the leases of all
 * streams (a sorted set of ids by when to look at them next). With an entry for each append a page of 2,000 would cost 2.4 ms
 * of Redis' time, since Lua makes tables of each; it costs 0.2 (7.0).
 *
 * What is told on a stream's channel is empty, for a change, or the sequence number of the first frame, the epoch and the
 * frames, a line each for the first two.
 *
 * @module
 */

/** From how many bytes on what was appended is a block: small ones, and what Redis adds, fit into the 4,096 of a node. */
const BLOCK = 3_900;

/** Redis' time, in milliseconds since 1970. */
const NOW = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** Fails on a replica, as each write does: it may lag behind, and must not say no in the primary's place. Changes nothing. */
const DECIDE = `
local function decide() redis.call('HDEL', KEYS[1], '') end
`;

/** What is told of a stream: see `readHead` in head.ts. An array of Lua's may hold false, which is sent as nothing. */
const HEAD = `
local function head(channel, now)
  local fields = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'reason', 'first', 'last', 'bytes', 'startedAt',
    'endedAt', 'leaseEnd', 'claims')
  if not fields[1] then return false end
  fields[9] = fields[9] - now
  fields[11] = redis.call('PUBSUB', 'NUMSUB', channel)[2]
  return fields
end
`;

/**
 * Lets the keys live until the lease and what follows it are over. They are given an eighth more, so that it is done now and
 * then, and not at each append. That is also when the place among the leases is put right: it may lag behind, never ahead.
 */
const STAY = `
local function stay(id, now, lease, keep, kept)
  -- It was given up: whoever looks for work finds it at once.
  if lease == 0 then redis.call('ZADD', KEYS[3], now, id) end
  local till = now + lease + keep
  if till <= kept then return end
  till = till + math.max(1000, math.floor((lease + keep) / 8))
  redis.call('HSET', KEYS[1], 'kept', till)
  redis.call('PEXPIREAT', KEYS[1], till)
  redis.call('PEXPIREAT', KEYS[2], till)
  redis.call('PEXPIREAT', KEYS[4], till)
  redis.call('ZADD', KEYS[3], now + lease, id)
  if redis.call('PTTL', KEYS[3]) < till - now then redis.call('PEXPIREAT', KEYS[3], till) end
end
`;

/**
 * Looks at those whose place among the leases is in the past: takes out who runs no more, gives those a new place whose lease
 * was renewed since, and gives back the others. `heads` is what the names of all heads begin with.
 */
const SWEEP = `
local function sweep(leases, heads, now, most, rounds)
  local overdue = {}
  for _ = 1, rounds do
    local ids = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', #overdue, most)
    for _, id in ipairs(ids) do
      local found = redis.call('HMGET', heads .. id, 'state', 'leaseEnd')
      if found[1] ~= 'running' then redis.call('ZREM', leases, id)
      elseif tonumber(found[2]) > now then redis.call('ZADD', leases, found[2], id)
      else overdue[#overdue + 1] = id end
    end
    if #ids < most or #overdue >= most then break end
  end
  return overdue
end
`;

/** KEYS: head, events, leases, tail. ARGV: id, channel, start of owners' channels, epoch, owner, token, lease, keep. */
export const CREATE: string = `${NOW}${DECIDE}${STAY}${SWEEP}
local id, channel, token, lease = ARGV[1], ARGV[2], ARGV[6], tonumber(ARGV[7])
local former = redis.call('HMGET', KEYS[1], 'token', 'state', 'leaseEnd', 'owner')
if former[1] == token then
  decide()
  return 1
end
local now = clock()
local isRunning = former[2] == 'running'
if isRunning and tonumber(former[3]) > now then
  decide()
  return 0
end
-- What needs memory comes first: where there is none, all is refused, or nothing.
redis.call('HSET', KEYS[1], 'token', token, 'state', 'running', 'last', 0, 'bytes', 0, 'first', 1, 'epoch', ARGV[4],
  'leaseEnd', now + lease, 'owner', ARGV[5], 'startedAt', now, 'claims', 0, 'sealed', 0, 'stored', 0)
redis.call('HDEL', KEYS[1], 'reason', 'endedAt')
redis.call('DEL', KEYS[2], KEYS[4])
if isRunning then redis.call('PUBLISH', ARGV[3] .. former[4], id) end
stay(id, now, lease, tonumber(ARGV[8]), 0)
-- Two for each that comes in: so nothing gathers there, though nobody asks for what is overdue.
sweep(KEYS[3], string.sub(KEYS[1], 1, -#id - 1), now, 2, 1)
redis.call('PUBLISH', channel, '')
return 1
`;

/** KEYS: head, events, leases, tail. ARGV: id, channel, token, lease, keep, first, how many frames, trim, the frames as one text. */
export const APPEND: string = `${NOW}${DECIDE}${HEAD}${STAY}
local id, channel, lease, count, trim, text = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local now = clock()
local known = redis.call('HMGET', KEYS[1], 'token', 'state', 'last', 'bytes', 'first', 'kept', 'epoch',
  'sealed', 'stored')
if known[1] ~= ARGV[3] or known[2] ~= 'running' then
  decide()
  -- Somebody has taken the stream away, for which there is no event of its own: readers learn it from its owner.
  if not known[1] then redis.call('PUBLISH', channel, '') end
  return { head(channel, now) }
end
local first, last, bytes, oldest = tonumber(ARGV[6]), tonumber(known[3]), tonumber(known[4]), tonumber(known[5])
local repeated = last + 1 - first
if repeated >= count then
  count = 0
elseif repeated > 0 then
  local from = 1
  for _ = 1, repeated do from = select(2, string.find(text, '\\n\\n', from, true)) + 1 end
  text, first, count = string.sub(text, from), last + 1, count - repeated
end
local newest = count > 0 and first + count - 1 or last
local sealed, isStored = tonumber(known[8]), known[9] == '1'
trim = math.min(trim, newest)

-- Puts a block behind the others, up to this sequence number. Says no if Redis has evicted those.
local function store(seq, block)
  sealed = seq
  if isStored then return redis.call('XADD', KEYS[2], 'NOMKSTREAM', seq .. '-0', 'f', block) end
  redis.call('XADD', KEYS[2], seq .. '-0', 'f', block)
  redis.call('PEXPIREAT', KEYS[2], known[6])
  redis.call('HSET', KEYS[1], 'stored', 1)
  isStored = true
  return true
end

-- Makes a block of the tail, which ends with this sequence number.
local function seal(seq)
  local tail = redis.call('GET', KEYS[4])
  if not tail or not store(seq, tail) then return false end
  redis.call('DEL', KEYS[4])
  return true
end

-- Appends to the tail, or makes a block where that is large enough. Says no if Redis has evicted what was there.
local function put()
  local isEmpty = last == sealed
  if first > last + 1 then
    -- The frames of a block follow each other.
    if not isEmpty and not seal(last) then return false end
    sealed, isEmpty = first - 1, true
  end
  if isEmpty and #text >= ${BLOCK} then return store(newest, text) end
  local length = redis.call('APPEND', KEYS[4], text)
  if isEmpty then redis.call('PEXPIREAT', KEYS[4], known[6])
  elseif length == #text then return false end
  return length < ${BLOCK} or seal(newest)
end

local readers
if count > 0 then
  if not put() then
    -- What is left is no stream.
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
    redis.call('PUBLISH', channel, '')
    return { false }
  end
  redis.call('HSET', KEYS[1], 'last', newest, 'bytes', bytes + #text, 'leaseEnd', now + lease, 'sealed', sealed)
  readers = redis.call('PUBLISH', channel, first .. '\\n' .. known[7] .. '\\n' .. text)
else
  -- What needs no memory comes first: a lease is renewed though Redis is out of it.
  redis.call('PEXPIREAT', KEYS[1], known[6])
  redis.call('HSET', KEYS[1], 'leaseEnd', now + lease)
  readers = redis.call('PUBSUB', 'NUMSUB', channel)[2]
end
if trim >= oldest then
  if isStored then redis.call('XTRIM', KEYS[2], 'MINID', '~', trim + 1) end
  redis.call('HSET', KEYS[1], 'first', trim + 1)
end
stay(id, now, lease, tonumber(ARGV[5]), tonumber(known[6]))
return readers
`;

/**
 * KEYS: head, events, leases, tail. ARGV: id, channel, start of owners' channels, state, keep, 1 for one that is overdue only, then
 * the reason and the token, each after an "=", or nothing.
 */
export const END: string = `${NOW}${DECIDE}${HEAD}
local channel = ARGV[2]
local known = redis.call('HMGET', KEYS[1], 'token', 'state', 'leaseEnd', 'owner')
local now = clock()
if known[2] ~= 'running' or (ARGV[8] ~= '' and ARGV[8] ~= '=' .. known[1])
  or (ARGV[6] == '1' and tonumber(known[3]) > now) then
  decide()
  return head(channel, now)
end
-- What needs no memory comes first: a stream is ended though Redis is out of it.
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], 'state', ARGV[4], 'endedAt', now)
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'reason', string.sub(ARGV[7], 2)) end
local ended = head(channel, now)
redis.call('PEXPIREAT', KEYS[1], now + ARGV[5])
redis.call('PEXPIREAT', KEYS[2], now + ARGV[5])
redis.call('PEXPIREAT', KEYS[4], now + ARGV[5])
redis.call('PUBLISH', channel, '')
if ARGV[8] == '' then redis.call('PUBLISH', ARGV[3] .. known[4], ARGV[1]) end
return ended
`;

/** KEYS: head, events, leases, tail. ARGV: id, channel, start of owners' channels, owner, token, lease, keep. */
export const CLAIM: string = `${NOW}${DECIDE}${HEAD}${STAY}
local id, channel, lease = ARGV[1], ARGV[2], tonumber(ARGV[6])
local known = redis.call('HMGET', KEYS[1], 'token', 'state', 'leaseEnd', 'owner', 'kept')
local now = clock()
local isRepeated = known[1] == ARGV[5]
if known[2] ~= 'running' or (not isRepeated and tonumber(known[3]) > now) then
  decide()
  return false
end
redis.call('HSET', KEYS[1], 'owner', ARGV[4], 'token', ARGV[5], 'leaseEnd', now + lease)
if not isRepeated then
  redis.call('HINCRBY', KEYS[1], 'claims', 1)
  redis.call('PUBLISH', ARGV[3] .. known[4], id)
  redis.call('PUBLISH', channel, '')
end
stay(id, now, lease, tonumber(ARGV[7]), tonumber(known[5]))
return head(channel, now)
`;

/** KEYS: leases, and what the names of all heads begin with, as a key: a client may put something before every key. */
export const OVERDUE: string = `${NOW}${SWEEP}
return sweep(KEYS[1], KEYS[2], clock(), 500, 10)
`;

/**
 * KEYS: head, events, tail. ARGV: channel, after (or nothing, for the head alone), bytes. What follows the head is the sequence
 * number of the last frame and the frames as one text, for each block and the tail.
 */
export const READ: string = `${NOW}${HEAD}
local page = head(ARGV[1], clock())
if not page or ARGV[2] == '' then return page end
local from, last, wanted = math.max(ARGV[2] + 1, page[4]), tonumber(page[5]), tonumber(ARGV[3])
if from > last then return page end
local parts = redis.call('HMGET', KEYS[1], 'sealed', 'stored')
local sealed = tonumber(parts[1])
if from <= sealed and parts[2] == '1' then
  local size, read, count = 0, 0, 4
  repeat
    local blocks = redis.call('XRANGE', KEYS[2], from .. '-0', '+', 'COUNT', count)
    for _, block in ipairs(blocks) do
      local seq, text = tonumber(string.match(block[1], '^%d+')), block[2][2]
      page[#page + 1], page[#page + 2] = seq, text
      from, size, read = seq + 1, size + #text, read + 1
      if size >= wanted then return page end
    end
    if #blocks < count then break end
    -- As many as should fit, by the size of those before, which may deceive: so not many more than those.
    count = math.min(1000, 2 * count, math.ceil((wanted - size) * read / size))
  until false
  -- Redis has evicted them.
  if read == 0 and redis.call('PTTL', KEYS[2]) == -2 then return false end
end
if last > sealed then
  local tail = redis.call('GET', KEYS[3])
  if not tail then return false end
  page[#page + 1], page[#page + 2] = last, tail
end
return page
`;

/**
 * A script for a cluster of Redis 7 or later: there a stream's channel lies in the slot of its keys. What is told on it goes
 * to the nodes of that slot alone, and its listeners, all on the node that owns the slot, are counted there. What an owner is
 * told goes to all nodes, for it has streams in any slot.
 */
export function sharded(script: string): string {
  return script.replaceAll("'PUBLISH', channel", "'SPUBLISH', channel").replaceAll(
    "'NUMSUB'",
    "'SHARDNUMSUB'",
  );
}
