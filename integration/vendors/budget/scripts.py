"""The governor's steps that must be one step: Lua, run inside Redis, on Redis' own clock.

Keys under one base per vendor (KEYS[1]):

    m:<meter>     hash: bucket number -> calls, "t" total, "h" oldest bucket still counted
    o:<meter>     hash: strangers' calls ("n"), when learned ("at", ms), the limit the vendor reported ("limit")
    l:<lane>      like m:, our calls of one lane
    s:<endpoint>  sorted set: holder token -> lease end (ms)
    w:<endpoint>  sorted set: "<priority>|<token>" of who waits for a slot -> end of that claim (ms)
    block, block:<endpoint>   hash: "until" (ms), "reason"
    pace          ms before which no background call starts
    trouble:403   sorted set: endpoint -> ms of its last 403
    trouble:429   ms of the last 429
"""

from __future__ import annotations

from typing import Final

_COMMON: Final = """
local base = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Calls still inside the window. A bucket counts in full until its last moment has left the window.
local function counted(key, bucket_ms, buckets)
  local first = math.floor(now / bucket_ms) - buckets
  local total = tonumber(redis.call('HGET', key, 't') or '0')
  local head = tonumber(redis.call('HGET', key, 'h') or first)
  if head < first then
    if first - head > buckets + 1 then
      redis.call('DEL', key)
      return 0, first
    end
    for bucket = head, first - 1 do
      local n = redis.call('HGET', key, bucket)
      if n then
        total = total - n
        redis.call('HDEL', key, bucket)
      end
    end
    redis.call('HSET', key, 't', total, 'h', first)
    head = first
  end
  return total, head
end

local function count_one(key, bucket_ms, buckets, head)
  -- Should the clock step back, the call goes to the oldest bucket instead of one that is never looked at again.
  local bucket = math.max(math.floor(now / bucket_ms), head)
  redis.call('HINCRBY', key, bucket, 1)
  redis.call('HINCRBY', key, 't', 1)
  redis.call('HSETNX', key, 'h', head)
  redis.call('PEXPIRE', key, bucket_ms * (buckets + 2))
end

-- Strangers' calls, and the limit in force.
local function others(name, hold_ms, limit)
  local learned = redis.call('HMGET', base .. ':o:' .. name, 'n', 'at', 'limit')
  local at = tonumber(learned[2])
  if not at then return 0, limit, 0 end
  local age = math.max(0, now - at)
  if age >= 2 * hold_ms then return 0, limit, 0 end
  local n = tonumber(learned[1])
  if age > hold_ms then n = math.ceil(n * (2 * hold_ms - age) / hold_ms) end
  return n, tonumber(learned[3]) or limit, at
end

local function blocked(key)
  local found = redis.call('HMGET', key, 'until', 'reason')
  local till = tonumber(found[1])
  if till and till > now then return till, found[2] end
  return nil
end
"""

#: ARGV[1] = JSON. Returns {1, trouble} or {0, wait_ms, kind, detail}.
ACQUIRE: Final = (
    _COMMON
    + """
local ask = cjson.decode(ARGV[1])
for _, key in ipairs({base .. ':block', base .. ':block:' .. ask.endpoint}) do
  local till, reason = blocked(key)
  if till then return {0, till - now, 'blocked', reason} end
end

local usage = 0
local heads = {}
for i, meter in ipairs(ask.meters) do
  local key = base .. ':m:' .. meter.name
  local ours, head = counted(key, meter.bucket_ms, meter.buckets)
  local foreign, limit = others(meter.name, ask.hold_ms, meter.limit)
  heads[i] = head
  local allowed = math.max(1, math.floor(limit * ask.share))
  local too_many = ours + foreign + 1 - allowed
  if too_many > 0 then
    local wait = math.min(meter.bucket_ms * meter.buckets, 60000)
    local freed = 0
    for bucket = head, math.floor(now / meter.bucket_ms) do
      freed = freed + (tonumber(redis.call('HGET', key, bucket)) or 0)
      if freed >= too_many then
        wait = (bucket + 1 + meter.buckets) * meter.bucket_ms - now
        break
      end
    end
    return {0, math.max(wait, 1), 'budget', meter.name}
  end
  if i == 1 then usage = (ours + foreign) / limit end
end

local pace_ms = 0
for _, step in ipairs(ask.pacing) do
  if usage >= step[1] then pace_ms = step[2] end
end
if pace_ms > 0 then
  local free_at = tonumber(redis.call('GET', base .. ':pace') or '0')
  if free_at > now then return {0, math.min(free_at - now, pace_ms), 'pace', ''} end
end

if ask.slots > 0 then
  local slots, waiters = base .. ':s:' .. ask.endpoint, base .. ':w:' .. ask.endpoint
  local me = ask.priority .. '|' .. ask.token
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', waiters, '-inf', now)
  local ahead = 0
  for _, waiter in ipairs(redis.call('ZRANGE', waiters, 0, -1)) do
    if tonumber(string.match(waiter, '^%d+')) > ask.priority then ahead = ahead + 1 end
  end
  if redis.call('ZCARD', slots) + ahead >= ask.slots then
    redis.call('ZADD', waiters, now + 2000, me)
    redis.call('PEXPIRE', waiters, 10000)
    return {0, 50, 'slots', ask.endpoint}
  end
  redis.call('ZREM', waiters, me)
  redis.call('ZADD', slots, now + ask.lease_ms, ask.token)
  redis.call('PEXPIRE', slots, ask.keep_ms + 10000)
  redis.call('SADD', base .. ':endpoints', ask.endpoint)
end

for i, meter in ipairs(ask.meters) do
  count_one(base .. ':m:' .. meter.name, meter.bucket_ms, meter.buckets, heads[i])
end
local main = ask.meters[1]
local lane_key = base .. ':l:' .. main.name .. ':' .. ask.lane
local _, lane_head = counted(lane_key, main.bucket_ms, main.buckets)
count_one(lane_key, main.bucket_ms, main.buckets, lane_head)
if pace_ms > 0 then redis.call('SET', base .. ':pace', now + pace_ms, 'PX', pace_ms) end
return {1, redis.call('EXISTS', base .. ':trouble:403', base .. ':trouble:429')}
"""
)

#: ARGV = token, endpoint, "1" to free the slot, priority, "1" to forget trouble.
RELEASE: Final = """
local base = KEYS[1]
local slots = base .. ':s:' .. ARGV[2]
if ARGV[3] == '1' then
  redis.call('ZREM', slots, ARGV[1])
else
  local clock = redis.call('TIME')
  redis.call('ZADD', slots, 'XX', clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[6]), ARGV[1])
end
redis.call('ZREM', base .. ':w:' .. ARGV[2], ARGV[4] .. '|' .. ARGV[1])
if ARGV[5] == '1' then redis.call('DEL', base .. ':trouble:403', base .. ':trouble:429') end
return 1
"""

#: ARGV = token, endpoint, lease ms.
RENEW: Final = """
local clock = redis.call('TIME')
local ends = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[3])
return redis.call('ZADD', KEYS[1] .. ':s:' .. ARGV[2], 'XX', ends, ARGV[1])
"""

#: ARGV = endpoint or "", milliseconds, reason, "1" when a 429 is the cause. A longer pause is never shortened.
BLOCK: Final = (
    _COMMON
    + """
local key = base .. ':block'
if ARGV[1] ~= '' then key = key .. ':' .. ARGV[1] end
local till = now + tonumber(ARGV[2])
local present = blocked(key)
if not present or present < till then
  redis.call('HSET', key, 'until', till, 'reason', ARGV[3])
  redis.call('PEXPIRE', key, math.max(1, math.ceil(tonumber(ARGV[2]))))
end
if ARGV[4] == '1' then redis.call('SET', base .. ':trouble:429', now, 'PX', 600000) end
return 1
"""
)

#: ARGV = endpoint, endpoints that mean a block, ms after a 429, block ms, reason. Returns 1 when it blocked.
FORBIDDEN: Final = (
    _COMMON
    + """
local key = base .. ':trouble:403'
redis.call('ZADD', key, now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - 60000)
redis.call('PEXPIRE', key, 60000)
local limited_at = tonumber(redis.call('GET', base .. ':trouble:429') or '-1e15')
if redis.call('ZCARD', key) < tonumber(ARGV[2]) and now - limited_at > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', base .. ':block', 'until', now + tonumber(ARGV[4]), 'reason', ARGV[5])
redis.call('PEXPIRE', base .. ':block', ARGV[4])
redis.call('DEL', key)
return 1
"""
)

#: ARGV = meter, bucket ms, buckets, the vendor's count, limit or "", hold ms.
LEARN: Final = (
    _COMMON
    + """
local ours = counted(base .. ':m:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
local key = base .. ':o:' .. ARGV[1]
redis.call('HSET', key, 'n', math.max(0, tonumber(ARGV[4]) - ours), 'at', now)
if ARGV[5] ~= '' then redis.call('HSET', key, 'limit', ARGV[5]) end
redis.call('PEXPIRE', key, 2 * tonumber(ARGV[6]))
return 1
"""
)

#: ARGV[1] = JSON. Returns {blocked until ms, reason, meters {ours, others, limit, learned ms}..., "lanes", n..., "slots", ...}.
SNAPSHOT: Final = (
    _COMMON
    + """
local ask = cjson.decode(ARGV[1])
local till, reason = blocked(base .. ':block')
local meters, lanes, slots = {}, {}, {}
for i, meter in ipairs(ask.meters) do
  local ours = counted(base .. ':m:' .. meter.name, meter.bucket_ms, meter.buckets)
  local foreign, limit, at = others(meter.name, ask.hold_ms, meter.limit)
  meters[i] = {ours, foreign, limit, at}
end
for i, lane in ipairs(ask.lanes) do
  local total = 0
  for _, meter in ipairs(ask.meters) do
    total = total + counted(base .. ':l:' .. meter.name .. ':' .. lane, meter.bucket_ms, meter.buckets)
  end
  lanes[i] = total
end
for _, endpoint in ipairs(redis.call('SMEMBERS', base .. ':endpoints')) do
  local key = base .. ':s:' .. endpoint
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local n = redis.call('ZCARD', key)
  if n > 0 then slots[#slots + 1] = {endpoint, n} end
end
return {till or 0, reason or '', meters, lanes, slots}
"""
)
