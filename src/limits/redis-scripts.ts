/**
 * What the ledger does in Redis: a script for each step, so that it is one step for every process. Windows go by the
 * server's clock. The rules are those of src/limits/buckets.ts, and the same tests run over both.
 *
 * Keys, two for each bucket:
 * - a sliding window is a hash of its slots: slot -> units;
 * - a budget is a hash: `u<period>` used, `r<period>` reserved, `i<id>` -> "<period> <amount>" for each reservation;
 *   what requests under way hold is the same with the period 0;
 * - the second key of those two is a sorted set: reservation -> when its lease ends. A process renews its leases; what
 *   one left that died is given back by the next request that looks, and `i<id>` becomes "<period> late": should the
 *   request settle after all, what it used still counts.
 */

/** The time as the server has it, in milliseconds. */
export const SERVER_TIME =
  "(function() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end)()";

const PRELUDE = `
local DAY = 86400000

local function text(number) return string.format('%.0f', number) end
local function get(key, field) return tonumber(redis.call('HGET', key, field) or 0) end

-- The day on which a day's month begins, in days since 1970; after Howard Hinnant's civil_from_days.
local function month_start(day)
  local doe = (day + 719468) % 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  return day - (doy - math.floor((153 * math.floor((5 * doy + 2) / 153) + 2) / 5))
end

local function period(kind, at)
  if kind == 'open' then return 0, 0 end
  local day = math.floor(at / DAY)
  if kind == 'day' then return day * DAY, (day + 1) * DAY end
  local first = month_start(day)
  return first * DAY, month_start(first + 31) * DAY
end
`;

const SLIDING = `
-- Drops what has left the window and sums up the rest.
local function sliding(key, ms)
  local step = math.ceil(ms / 60)
  local current = math.floor(now / step)
  local slots, sum = {}, 0
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local slot, units = tonumber(all[i]), tonumber(all[i + 1])
    if (slot + 1) * step + ms <= now then
      redis.call('HDEL', key, all[i])
    else
      if slot > current then -- the server's clock was set back: it leaves one window from now
        redis.call('HDEL', key, all[i])
        redis.call('HINCRBY', key, text(current), text(units))
        slot = current
      end
      slots[#slots + 1] = { slot = slot, units = units }
      sum = sum + units
    end
  end
  table.sort(slots, function(a, b) return a.slot < b.slot end)
  local function leaves_in(slot) return (slot + 1) * step + ms - now end
  local self = {}
  function self.obstacle(limit, amount)
    local missing = sum + amount - limit
    if missing <= 0 then return 0, 0 end
    if amount > limit then return 2, -1 end
    for _, one in ipairs(slots) do
      missing = missing - one.units
      if missing <= 0 then return 2, leaves_in(one.slot) end
    end
    return 2, ms
  end
  function self.take(amount)
    redis.call('HINCRBY', key, text(current), text(amount))
    redis.call('PEXPIRE', key, text(ms + step))
    slots[#slots + 1] = { slot = current, units = amount }
    sum = sum + amount
    return current
  end
  function self.standing(limit)
    return math.max(0, limit - sum), sum == 0 and 0 or leaves_in(slots[#slots].slot), 0
  end
  return self
end
`;

const HELD = `
-- Gives back what the dead have left.
local function reap(kind, key, leases)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'LIMIT', 0, 100)) do
    local entry = redis.call('HGET', key, 'i' .. id)
    if entry then
      local start, amount = string.match(entry, '^(%d+) (%d+)$')
      redis.call('HINCRBY', key, 'r' .. start, text(0 - amount))
      if kind == 'open' then redis.call('HDEL', key, 'i' .. id)
      else redis.call('HSET', key, 'i' .. id, start .. ' late') end
    end
    redis.call('ZREM', leases, id)
  end
end

local function open_period(kind, key, start)
  if redis.call('HSETNX', key, 'r' .. text(start), 0) == 0 or kind == 'open' then return end
  -- A bucket that nobody used since the end of its last period has expired: there is no older one than this.
  local before = period(kind, start - 1)
  local old = text(period(kind, before - 1))
  redis.call('HDEL', key, 'u' .. old, 'r' .. old)
end

local function expire(kind, key, leases, finish, lease)
  local ms = kind == 'open' and 2 * lease or finish - now + DAY
  redis.call('PEXPIRE', key, text(ms))
  redis.call('PEXPIRE', leases, text(ms))
end

local function held(kind, key, leases)
  reap(kind, key, leases)
  local start, finish = period(kind, now)
  local used = get(key, 'u' .. text(start))
  local reserved = get(key, 'r' .. text(start))
  local self = {}
  function self.obstacle(limit, amount)
    if used + reserved + amount <= limit then return 0, 0 end
    if kind == 'open' then
      if amount > limit then return 2, -1 end
      return 1, RETRY
    end
    if used >= limit then return 2, finish - now end
    if reserved == 0 then return 0, 0 end -- the last call
    return 1, RETRY
  end
  function self.take(amount, id, lease)
    open_period(kind, key, start)
    redis.call('HINCRBY', key, 'r' .. text(start), text(amount))
    redis.call('HSET', key, 'i' .. id, text(start) .. ' ' .. text(amount))
    redis.call('ZADD', leases, text(now + lease), id)
    expire(kind, key, leases, finish, lease)
    reserved = reserved + amount
    return start
  end
  function self.standing(limit)
    return math.max(0, limit - used - reserved), kind == 'open' and 0 or finish - now, used
  end
  return self
end
`;

/**
 * KEYS: two by claim. ARGV: the reservation's id, its lease in ms, then by claim: kind, ms, limit, amount.
 * Answers by claim: obstacle (0 none, 1 held, 2 spent), retry after ms (-1 never), remaining, reset in ms, place,
 * used; granted when no obstacle is there.
 */
const RESERVE = `
local buckets, reply, granted = {}, {}, true
for i = 1, #KEYS / 2 do
  local kind, ms = ARGV[4 * i - 1], tonumber(ARGV[4 * i])
  local limit, amount = tonumber(ARGV[4 * i + 1]), tonumber(ARGV[4 * i + 2])
  local bucket = kind == 'sliding' and sliding(KEYS[2 * i - 1], ms) or held(kind, KEYS[2 * i - 1], KEYS[2 * i])
  local obstacle, retry = bucket.obstacle(limit, amount)
  if obstacle > 0 then granted = false end
  buckets[i] = { bucket = bucket, limit = limit, amount = amount }
  reply[6 * i - 5], reply[6 * i - 4], reply[6 * i - 1] = obstacle, retry, 0
end
for i, one in ipairs(buckets) do
  if granted then reply[6 * i - 1] = one.bucket.take(one.amount, ARGV[1], tonumber(ARGV[2])) end
  reply[6 * i - 3], reply[6 * i - 2], reply[6 * i] = one.bucket.standing(one.limit)
end
return reply
`;

/**
 * KEYS: two by claim. ARGV: the reservation's id, then by claim: kind, place, reserved, actual. A reservation that is
 * not there is left alone: it has settled before.
 */
const SETTLE = `
for i = 1, #KEYS / 2 do
  local key, leases = KEYS[2 * i - 1], KEYS[2 * i]
  local kind, place, reserved, actual = ARGV[4 * i - 2], ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1]
  if kind == 'sliding' then
    local units = redis.call('HGET', key, place)
    if units then redis.call('HSET', key, place, text(math.max(0, units + actual - reserved))) end
  else
    local entry = redis.call('HGET', key, 'i' .. ARGV[1])
    if entry then
      local start, amount = string.match(entry, '^(%d+) (%w+)$')
      if redis.call('HEXISTS', key, 'r' .. start) == 1 then
        if amount ~= 'late' then redis.call('HINCRBY', key, 'r' .. start, text(0 - amount)) end
        if kind ~= 'open' then redis.call('HINCRBY', key, 'u' .. start, actual) end
      end
      redis.call('HDEL', key, 'i' .. ARGV[1])
      redis.call('ZREM', leases, ARGV[1])
    end
  end
end
return 0
`;

/**
 * Adds what was used while Redis was away. KEYS: a mark that keeps it from being added twice, then two by budget. ARGV:
 * by budget: kind, a time in the period, actual.
 */
const CHARGE = `
if not redis.call('SET', KEYS[1], 1, 'NX', 'PX', DAY) then return 0 end
for i = 1, (#KEYS - 1) / 2 do
  local key, leases, kind = KEYS[2 * i], KEYS[2 * i + 1], ARGV[3 * i - 2]
  local start, finish = period(kind, tonumber(ARGV[3 * i - 1]))
  if finish > now then
    open_period(kind, key, start)
    redis.call('HINCRBY', key, 'u' .. text(start), ARGV[3 * i])
    expire(kind, key, leases, finish, 0)
  end
end
return 0
`;

/** KEYS: two by claim. ARGV: the lease in ms, then by claim: kind, id. */
const RENEW = `
local lease = tonumber(ARGV[1])
for i = 1, #KEYS / 2 do
  local key, leases, kind, id = KEYS[2 * i - 1], KEYS[2 * i], ARGV[2 * i], ARGV[2 * i + 1]
  redis.call('ZADD', leases, 'XX', text(now + lease), id)
  if kind == 'open' then expire(kind, key, leases, 0, lease) end
end
return 0
`;

export interface Scripts {
  readonly reserve: string;
  readonly settle: string;
  readonly charge: string;
  readonly renew: string;
}

/**
 * @param retryMs what is told to who is refused because of what others hold
 * @param now a Lua expression for the time in milliseconds
 */
export function luaScripts(retryMs: number, now: string = SERVER_TIME): Scripts {
  const head = `local RETRY = ${retryMs}\nlocal now = ${now}\n${PRELUDE}`;
  return {
    reserve: head + SLIDING + HELD + RESERVE,
    settle: head + SETTLE,
    charge: head + HELD + CHARGE,
    renew: head + HELD + RENEW,
  };
}
