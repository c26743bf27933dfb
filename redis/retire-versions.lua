-- Retires the generations of other versions of a projection, once this version has a live
-- generation and no process of the other version has announced itself for a while. A newer version
-- is given longer: it was probably rolled back, and may come again. The time is that of Redis: the
-- clocks of processes differ.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/generation-store.ts (retireVersions)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  this version
-- ARGV[2]  milliseconds: an older version that was last seen longer ago is gone
-- ARGV[3]  the same for a newer version
--
-- Returns nothing.
local key, version = KEYS[1], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HEXISTS', key, 'live:' .. ARGV[1]) == 0 then
  return
end
for _, field in ipairs(redis.call('HKEYS', key)) do
  local kind, other = string.match(field, '^(%a+):(%d+)$')
  if (kind == 'live' or kind == 'next') and tonumber(other) ~= version then
    local seen = tonumber(redis.call('HGET', key, 'seen:' .. other) or '0')
    local goneMs = tonumber(other) < version and ARGV[2] or ARGV[3]
    if seen < now - tonumber(goneMs) then
      local generation = redis.call('HGET', key, field)
      redis.call('HDEL', key, field, 'build:' .. other, 'flip:' .. other, 'seen:' .. other)
      redis.call('HSET', key, 'retired:' .. generation, now)
    end
  end
end
