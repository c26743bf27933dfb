-- Makes sure that processes of this version have a generation of the projection to fill. Where there is none at all, the
-- new one is live at once. Where another version's is live, the new one is built beside it.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  version, ARGV[2] the time in ms, ARGV[3] what is to be known of a build, as JSON
local key, version = KEYS[1], ARGV[1]
redis.call('HSET', key, 'seen:' .. version, ARGV[2])
if redis.call('HEXISTS', key, 'live:' .. version) == 1 or redis.call('HEXISTS', key, 'next:' .. version) == 1 then
  return
end
local others = false
for _, field in ipairs(redis.call('HKEYS', key)) do
  others = others or string.sub(field, 1, 5) == 'live:'
end
local generation = redis.call('HINCRBY', key, 'counter', 1)
if others then
  redis.call('HSET', key, 'next:' .. version, generation, 'build:' .. version, ARGV[3])
else
  redis.call('HSET', key, 'live:' .. version, generation)
end
