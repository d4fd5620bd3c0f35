/**
 * Holds the Lua scripts of {@linkcode redisStore}: one for each operation, so that each is one command and one step.
 *
 * They are written for Redis 6.2 and later: what a script does is replicated by its effects, so it may ask for the time.
 * The keys of a stream are its head (a hash), its events (a Redis Stream of blocks, see {@linkcode BLOCK}), and the leases of
 * all streams (a sorted set of ids by when to look at them next).
 *
 * The newest events are a field of the head, `tail`, until they make a block: 1,000 tokens of 60 bytes are some 60 blocks,
 * which are read in a sixth of the time that 1,000 entries take. A block's id is the sequence number of its last event. Up to
 * which event they are in blocks, the head's `stored` says.
 *
 * What is told on a stream's channel is empty, for a change, or the sequence number of the first frame, the epoch and the
 * frames, a line each for the first two.
 *
 * @module
 */

/** Redis' time, in milliseconds since 1970. */
const NOW = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** So many bytes of events go together into one entry. */
const BLOCK = 1_024;

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

/** KEYS: head, events, leases. ARGV: id, channel, start of owners' channels, epoch, owner, token, lease, keep. */
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
  'leaseEnd', now + lease, 'owner', ARGV[5], 'startedAt', now, 'claims', 0, 'stored', 0, 'tail', '')
redis.call('HDEL', KEYS[1], 'reason', 'endedAt')
redis.call('DEL', KEYS[2])
if isRunning then redis.call('PUBLISH', ARGV[3] .. former[4], id) end
stay(id, now, lease, tonumber(ARGV[8]), 0)
-- Two for each that comes in: so nothing gathers there, though nobody asks for what is overdue.
sweep(KEYS[3], string.sub(KEYS[1], 1, -#id - 1), now, 2, 1)
redis.call('PUBLISH', channel, '')
return 1
`;

/** KEYS: head, events, leases. ARGV: id, channel, token, lease, keep, first, how many frames, trim, the frames as one text. */
export const APPEND: string = `${NOW}${DECIDE}${HEAD}${STAY}
local id, channel, lease, count, trim, text = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local now = clock()
local known = redis.call('HMGET', KEYS[1], 'token', 'state', 'last', 'bytes', 'first', 'kept', 'epoch', 'stored',
  'tail')
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
trim = math.min(trim, newest)
local readers
if count > 0 then
  local stored, tail = tonumber(known[8]), known[9]
  local floor = math.max(trim + 1, oldest)
  local function block(seq, frames)
    local entry
    if stored == 0 then
      entry = redis.call('XADD', KEYS[2], seq .. '-0', 'f', frames)
      redis.call('PEXPIREAT', KEYS[2], known[6])
    elseif floor > 1 then
      entry = redis.call('XADD', KEYS[2], 'NOMKSTREAM', 'MINID', '~', floor, seq .. '-0', 'f', frames)
    else
      entry = redis.call('XADD', KEYS[2], 'NOMKSTREAM', seq .. '-0', 'f', frames)
    end
    stored = seq
    return entry
  end
  local isKept = true
  if first > last + 1 then
    -- Numbers are counted within a block, so there may be no hole in one.
    if tail ~= '' then isKept = block(last, tail) end
    isKept, tail = isKept and block(newest, text), ''
  elseif #tail + #text < ${BLOCK} then
    tail = tail .. text
  else
    isKept, tail = block(newest, tail .. text), ''
  end
  if not isKept then
    -- Redis has evicted the events: what is left is no stream.
    redis.call('DEL', KEYS[1])
    redis.call('PUBLISH', channel, '')
    return { false }
  end
  redis.call('HSET', KEYS[1], 'last', newest, 'bytes', bytes + #text, 'leaseEnd', now + lease, 'stored', stored,
    'tail', tail)
  readers = redis.call('PUBLISH', channel, first .. '\\n' .. known[7] .. '\\n' .. text)
else
  -- What needs no memory comes first: a lease is renewed though Redis is out of it.
  redis.call('PEXPIREAT', KEYS[1], known[6])
  if trim >= oldest then redis.call('XTRIM', KEYS[2], 'MINID', '~', trim + 1) end
  redis.call('HSET', KEYS[1], 'leaseEnd', now + lease)
  readers = redis.call('PUBSUB', 'NUMSUB', channel)[2]
end
if trim >= oldest then redis.call('HSET', KEYS[1], 'first', trim + 1) end
stay(id, now, lease, tonumber(ARGV[5]), tonumber(known[6]))
return readers
`;

/**
 * KEYS: head, events, leases. ARGV: id, channel, start of owners' channels, state, keep, 1 for one that is overdue only, then
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
redis.call('PUBLISH', channel, '')
if ARGV[8] == '' then redis.call('PUBLISH', ARGV[3] .. known[4], ARGV[1]) end
return ended
`;

/** KEYS: head, events, leases. ARGV: id, channel, start of owners' channels, owner, token, lease, keep. */
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
 * KEYS: head, events. ARGV: channel, after (or nothing, for the head alone), bytes. What follows the head is the sequence
 * number of the last frame and the frames as one text, for each block.
 */
export const READ: string = `${NOW}${HEAD}
local page = head(ARGV[1], clock())
if not page or ARGV[2] == '' then return page end
local from, last, wanted = math.max(ARGV[2] + 1, page[4]), tonumber(page[5]), tonumber(ARGV[3])
if from > last then return page end
local rest = redis.call('HMGET', KEYS[1], 'stored', 'tail')
local stored, size, read, count = tonumber(rest[1]), 0, 0, 4
while from <= stored do
  local entries = redis.call('XRANGE', KEYS[2], from .. '-0', '+', 'COUNT', count)
  for _, entry in ipairs(entries) do
    local seq, text = tonumber(string.match(entry[1], '^%d+')), entry[2][2]
    page[#page + 1], page[#page + 2] = seq, text
    from, size, read = seq + 1, size + #text, read + 1
    if size >= wanted then return page end
  end
  -- Redis has evicted the events.
  if read == 0 then return false end
  if #entries < count then break end
  -- As many as should fit, by the size of those before, which may deceive: so not many more than those.
  count = math.min(1000, 4 * count, math.ceil((wanted - size) * read / size))
end
if rest[2] ~= '' then page[#page + 1], page[#page + 2] = last, rest[2] end
return page
`;
