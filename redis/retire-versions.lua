-- Retires the generations of older versions of a projection, once this version has a live
-- generation and no process of the older version has announced itself for a while. The time is that
-- of Redis: the clocks of processes differ.
--
-- A Redis without free memory refuses a script's writes until one that needs no memory has been
-- done. So the first write only deletes: what gives memory back is always possible.
--
-- Called by: src/projector/generations/generation-store.ts (retireVersions)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  this version
-- ARGV[2]  milliseconds: a version that was last seen longer ago is gone
--
-- Returns nothing.
local key, version = KEYS[1], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HEXISTS', key, 'live:' .. ARGV[1]) == 0 then
  return
end
for _, field in ipairs(redis.call('HKEYS', key)) do
  local kind, older = string.match(field, '^(%a+):(%d+)$')
  if (kind == 'live' or kind == 'next') and tonumber(older) < version then
    local seen = tonumber(redis.call('HGET', key, 'seen:' .. older) or '0')
    if seen < now - tonumber(ARGV[2]) then
      local generation = redis.call('HGET', key, field)
      redis.call('HDEL', key, field, 'build:' .. older, 'flip:' .. older, 'seen:' .. older)
      redis.call('HSET', key, 'retired:' .. generation, now)
    end
  end
end
