-- Cancels the build of a generation and retires the generation.
--
-- Called by: src/projector/generations/generation-store.ts (cancel)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the version
-- ARGV[2]  the present time in ms
--
-- Returns the generation's number, or false if none is being built.
local key, version = KEYS[1], ARGV[1]
local building = redis.call('HGET', key, 'next:' .. version)
if not building then
  return false
end
redis.call('HSET', key, 'retired:' .. building, ARGV[2])
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
return tonumber(building)
