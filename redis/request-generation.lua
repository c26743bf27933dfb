-- Asks for the next generation of a projection to be built. While one is being built, asking again is the same.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  version, ARGV[2] what is to be known of the build, as JSON
--
-- Returns its number, and 1 if it is a new one.
local key, version = KEYS[1], ARGV[1]
local building = redis.call('HGET', key, 'next:' .. version)
if building then
  return { tonumber(building), 0 }
end
local generation = redis.call('HINCRBY', key, 'counter', 1)
redis.call('HSET', key, 'next:' .. version, generation, 'build:' .. version, ARGV[2])
return { generation, 1 }
