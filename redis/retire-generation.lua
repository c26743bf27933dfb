-- Retires a generation: from a time on its keys may be removed. Renews the lease of a generation
-- that is retired from the beginning. The time is that of Redis: the clocks of processes differ.
--
-- A generation that is live or being built stays. If Redis has lost the hash, generations are
-- numbered from 1 again: the counter skips the retired one, so that its number is not given out
-- while keys of it may exist.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/generation-store.ts (openScratch, renewLease, retire)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the generation
-- ARGV[2]  milliseconds from now to that time; '' if its keys may be removed at once
--
-- Returns nothing.
local key, field = KEYS[1], 'retired:' .. ARGV[1]
for _, name in ipairs(redis.call('HKEYS', key)) do
  local kind = string.match(name, '^(%a+):%d+$')
  if (kind == 'live' or kind == 'next') and redis.call('HGET', key, name) == ARGV[1] then
    return
  end
end
local from = 0
if ARGV[2] ~= '' then
  local time = redis.call('TIME')
  from = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])
end
redis.call('HDEL', key, field)
redis.call('HSET', key, field, from)
if tonumber(redis.call('HGET', key, 'counter') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', key, 'counter', ARGV[1])
end
