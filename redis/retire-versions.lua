-- Retires the generations of older versions of a projection, once this version has a live
-- generation and no process of the older version has announced itself for a while.
--
-- Called by: src/projector/generations/generation-store.ts (retireVersions)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  this version
-- ARGV[2]  the present time in ms
-- ARGV[3]  a time in ms: a version that was last seen before it is gone
--
-- Returns nothing.
local key, version = KEYS[1], tonumber(ARGV[1])
if redis.call('HEXISTS', key, 'live:' .. ARGV[1]) == 0 then
  return
end
for _, field in ipairs(redis.call('HKEYS', key)) do
  local kind, older = string.match(field, '^(%a+):(%d+)$')
  if (kind == 'live' or kind == 'next') and tonumber(older) < version then
    local seen = tonumber(redis.call('HGET', key, 'seen:' .. older) or '0')
    if seen < tonumber(ARGV[3]) then
      redis.call('HSET', key, 'retired:' .. redis.call('HGET', key, field), ARGV[2])
      redis.call('HDEL', key, field, 'build:' .. older, 'flip:' .. older, 'seen:' .. older)
    end
  end
end
