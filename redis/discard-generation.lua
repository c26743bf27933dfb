-- Cancels the building of a generation and leaves what there is of it to be removed.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  version, ARGV[2] the time in ms
--
-- Returns the generation's number, or false where none is being built.
local key, version = KEYS[1], ARGV[1]
local building = redis.call('HGET', key, 'next:' .. version)
if not building then
  return false
end
redis.call('HSET', key, 'retired:' .. building, ARGV[2])
redis.call('HDEL', key, 'next:' .. version, 'build:' .. version, 'flip:' .. version)
return tonumber(building)
