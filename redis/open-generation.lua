-- Ensures that a version of a projection has a generation to fill, and records that a process of
-- this version is alive. If no version has a live generation, the new generation is live at once,
-- and its partitions have to be filled, except for those without events. Otherwise it is built
-- beside those of the other versions. The time is that of Redis: the clocks of processes differ.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/generation-store.ts (open)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the version
-- ARGV[2]  who requests the build and when, as JSON
-- ARGV[3]  a digit per partition: '1' if it has events and so has to be filled, otherwise '0'.
--          Empty: the caller has not read the heads; then no generation is opened.
--
-- Returns 1 if the version has no generation because ARGV[3] is empty, otherwise 0.
local key, version = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HDEL', key, 'seen:' .. version)
redis.call('HSET', key, 'seen:' .. version, now)
if redis.call('HEXISTS', key, 'live:' .. version) == 1 or redis.call('HEXISTS', key, 'next:' .. version) == 1 then
  return 0
end
if ARGV[3] == '' then
  return 1
end
local anyLive = false
for _, field in ipairs(redis.call('HKEYS', key)) do
  anyLive = anyLive or string.sub(field, 1, 5) == 'live:'
end
local generation = redis.call('HINCRBY', key, 'counter', 1)
if anyLive then
  redis.call('HSET', key, 'next:' .. version, generation, 'build:' .. version, ARGV[2])
else
  redis.call('HSET', key, 'live:' .. version, generation)
  if string.find(ARGV[3], '1', 1, true) then
    redis.call('HSET', key, 'filling:' .. generation, now .. ':' .. ARGV[3])
  end
end
return 0
