-- Reads the newest members of several sorted sets as they are at one moment: an order that changes its status goes from
-- one set to another, and read one after the other it could be met in neither.
--
-- KEYS     the sets, of one partition
-- ARGV[1]  upper bound, ARGV[2] lower bound, as ZRANGE BYLEX takes them; ARGV[3] how many of each set
--
-- Returns a list of members for each set.
local lists = {}
for nth, key in ipairs(KEYS) do
  lists[nth] = redis.call('ZRANGE', key, ARGV[1], ARGV[2], 'BYLEX', 'REV', 'LIMIT', 0, ARGV[3])
end
return lists
