-- Ensures that a version of a projection has a generation to fill, and records that a process of
-- this version is alive. If no version has a live generation, the new generation is live at once,
-- and all of its partitions have to be filled. Otherwise it is built beside those of the other
-- versions.
--
-- Called by: src/projector/generations/generation-store.ts (open)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the version
-- ARGV[2]  the present time in ms
-- ARGV[3]  who requests the build and when, as JSON
--
-- Returns nothing.
local key, version = KEYS[1], ARGV[1]
redis.call('HSET', key, 'seen:' .. version, ARGV[2])
if redis.call('HEXISTS', key, 'live:' .. version) == 1 or redis.call('HEXISTS', key, 'next:' .. version) == 1 then
  return
end
local anyLive = false
for _, field in ipairs(redis.call('HKEYS', key)) do
  anyLive = anyLive or string.sub(field, 1, 5) == 'live:'
end
local generation = redis.call('HINCRBY', key, 'counter', 1)
if anyLive then
  redis.call('HSET', key, 'next:' .. version, generation, 'build:' .. version, ARGV[3])
else
  redis.call('HSET', key, 'live:' .. version, generation, 'filling:' .. generation, ARGV[2] .. ':all')
end
