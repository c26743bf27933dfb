-- Cancels the build of a generation and retires the generation. The time is that of Redis: the
-- clocks of processes differ.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/generation-store.ts (cancel)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- KEYS[2]  the list of its ended builds, see src/read-models/ended-builds.ts
-- ARGV[1]  the version
-- ARGV[2]  the number of ended builds that are kept
--
-- Returns the generation's number, or false if none is being built.
local key, version = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local building = redis.call('HGET', key, 'next:' .. version)
if not building then
  return false
end
local entry = cjson.decode(redis.call('HGET', key, 'build:' .. version) or '{}')
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
redis.call('HSET', key, 'retired:' .. building, now)
entry.generation, entry.version, entry.result, entry.ended_ms = tonumber(building), tonumber(version), 'cancelled', now
redis.call('LPUSH', KEYS[2], cjson.encode(entry))
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[2]) - 1)
return tonumber(building)
