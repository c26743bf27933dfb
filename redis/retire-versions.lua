-- Leaves the generations of older versions of a projection to be removed, once this version's is live and no process of
-- theirs has shown itself for a while.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  version, ARGV[2] the time in ms, ARGV[3] versions not seen since this time are gone
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
