-- Makes the built generation live and retires the one that was live, in one step. From here on
-- every query is served from the new generation.
--
-- Called by: src/projector/generations/generation-store.ts (flip)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the version
-- ARGV[2]  the generation
-- ARGV[3]  the token under which the live checkpoints were frozen
-- ARGV[4]  the present time in ms
-- ARGV[5]  the generation that queries read until now; empty if there is none. The new one has
--          reached its positions: partitions that lack events there lack them here, and no others
--          do.
--
-- Returns 1 if the generation is live now. Returns 0 if the build was cancelled, or if the token
-- was released because a checkpoint was thawed.
local key, version = KEYS[1], ARGV[1]
if redis.call('HGET', key, 'next:' .. version) ~= ARGV[2] or redis.call('HGET', key, 'flip:' .. version) ~= ARGV[3] then
  return 0
end
local replaced = redis.call('HGET', key, 'live:' .. version)
if replaced then
  redis.call('HSET', key, 'retired:' .. replaced, ARGV[4])
end
redis.call('HSET', key, 'live:' .. version, ARGV[2])
local filling = redis.call('HGET', key, 'filling:' .. ARGV[5])
if filling then
  redis.call('HSET', key, 'filling:' .. ARGV[2], filling)
end
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
return 1
