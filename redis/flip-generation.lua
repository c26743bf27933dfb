-- Makes the built generation live and retires the one that was live, in one step. From here on
-- every query is served from the new generation. The time is that of Redis: the clocks of processes
-- differ.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/generation-store.ts (flip)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- KEYS[2]  the list of its ended builds, see src/read-models/ended-builds.ts
-- ARGV[1]  the version
-- ARGV[2]  the generation
-- ARGV[3]  the token under which the live checkpoints were frozen
-- ARGV[4]  the generation that queries read until now; empty if there is none. The new one has
--          reached its positions: partitions that lack events there lack them here, and no others
--          do.
-- ARGV[5]  the number of ended builds that are kept
--
-- Returns 1 if the generation is live now. Returns 0 if the build was cancelled, or if the token
-- was released because a checkpoint was thawed.
local key, version = KEYS[1], ARGV[1]
if redis.call('HGET', key, 'next:' .. version) ~= ARGV[2] or redis.call('HGET', key, 'flip:' .. version) ~= ARGV[3] then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replaced = redis.call('HGET', key, 'live:' .. version)
local entry = cjson.decode(redis.call('HGET', key, 'build:' .. version) or '{}')
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
if replaced then
  redis.call('HSET', key, 'retired:' .. replaced, now)
end
redis.call('HSET', key, 'live:' .. version, ARGV[2])
local filling = redis.call('HGET', key, 'filling:' .. ARGV[4])
if filling then
  redis.call('HSET', key, 'filling:' .. ARGV[2], filling)
end
entry.generation, entry.version, entry.result, entry.ended_ms = tonumber(ARGV[2]), tonumber(version), 'live', now
redis.call('LPUSH', KEYS[2], cjson.encode(entry))
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
return 1
