-- Requests the next generation of a projection. While one is being built, returns that one.
--
-- Called by: src/projector/generations/generation-store.ts (request)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the version
-- ARGV[2]  who requests the build and when, as JSON
--
-- Returns the generation's number, and 1 if this call has requested it, otherwise 0.
local key, version = KEYS[1], ARGV[1]
local building = redis.call('HGET', key, 'next:' .. version)
if building then
  return { tonumber(building), 0 }
end
local generation = redis.call('HINCRBY', key, 'counter', 1)
redis.call('HSET', key, 'next:' .. version, generation, 'build:' .. version, ARGV[2])
return { generation, 1 }
