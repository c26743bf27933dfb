-- Reads the newest members of several sorted sets at one moment. An order that changes its status
-- moves from one set to another; with one read after another it could be missing in both.
--
-- Called by: src/queries/live-generation.ts (newestMembers)
--
-- KEYS     the sets, all of one partition
-- ARGV[1]  the upper bound, as ZRANGE BYLEX takes it
-- ARGV[2]  the lower bound, as ZRANGE BYLEX takes it
-- ARGV[3]  the maximum number of members per set
--
-- Returns one list of members per set, in descending order.
local lists = {}
for nth, key in ipairs(KEYS) do
  lists[nth] = redis.call('ZRANGE', key, ARGV[1], ARGV[2], 'BYLEX', 'REV', 'LIMIT', 0, ARGV[3])
end
return lists
