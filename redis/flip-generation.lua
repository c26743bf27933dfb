-- Makes the generation that was built the live one, in one step: from here on every query is answered from it. The one
-- that was live is left to be removed.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  version, ARGV[2] the generation, ARGV[3] the token under which the live checkpoints were frozen, ARGV[4] the time in ms
--
-- Returns 1 if done; 0 where the build was cancelled, or whoever thawed a checkpoint took the token back.
local key, version = KEYS[1], ARGV[1]
if redis.call('HGET', key, 'next:' .. version) ~= ARGV[2] or redis.call('HGET', key, 'flip:' .. version) ~= ARGV[3] then
  return 0
end
local before = redis.call('HGET', key, 'live:' .. version)
if before then
  redis.call('HSET', key, 'retired:' .. before, ARGV[4])
end
redis.call('HSET', key, 'live:' .. version, ARGV[2])
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
return 1
