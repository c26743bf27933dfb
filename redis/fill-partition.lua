-- Records why a partition of a generation lacks events that queries need, or that it has caught up.
-- While it lacks events, its queries are refused.
--
-- Called by: src/projector/generations/filling-store.ts
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the generation
-- ARGV[2]  the partition
-- ARGV[3]  the log's number of partitions
-- ARGV[4]  the partition's digit: '1' if it has to be filled, '2' if it is outdated, '0' if it has
--          caught up
-- ARGV[5]  with '0': the marks' name when the caller began to read the checkpoint. If there are new
--          marks since, nothing is changed. Otherwise: the new name of the marks.
--
-- Returns 1 if the hash was changed.
local key, field = KEYS[1], 'filling:' .. ARGV[1]
local partition, partitions = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = redis.call('HGET', key, field)
local name, marks = string.match(found or '', '^([^:]*):(.*)$')
if ARGV[4] ~= '0' then
  local isLive = false
  for _, other in ipairs(redis.call('HKEYS', key)) do
    isLive = isLive or (string.sub(other, 1, 5) == 'live:' and redis.call('HGET', key, other) == ARGV[1])
  end
  if not isLive then
    return 0
  end
  name, marks = ARGV[5], marks or string.rep('0', partitions)
elseif not marks or name ~= ARGV[5] then
  return 0
end
marks = string.sub(marks, 1, partition) .. ARGV[4] .. string.sub(marks, partition + 2)
if string.find(marks, '[^0]') then
  redis.call('HSET', key, field, name .. ':' .. marks)
else
  redis.call('HDEL', key, field)
end
return 1
