-- Finds a retired generation whose keys may be removed. The time is that of Redis: the clocks of
-- processes differ.
--
-- Called by: src/projector/generations/generation-store.ts (dueRemoval)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  milliseconds: the grace period after the time in its field
--
-- Returns the generation's number, or false if none is due.
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, field in ipairs(redis.call('HKEYS', key)) do
  local generation = string.match(field, '^retired:(%d+)$')
  if generation and tonumber(redis.call('HGET', key, field)) + tonumber(ARGV[1]) < now then
    return tonumber(generation)
  end
end
return false
