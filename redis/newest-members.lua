-- Reads the newest members of ranges of sorted sets at one moment. An order that changes its status
-- moves from one set to another; with one read after another it could be missing in both.
--
-- Called by: src/queries/live-generation.ts (newestMembers)
--
-- KEYS      the set of each range, all of one partition
-- ARGV[1]   the maximum number of members per range
-- ARGV[2…]  for each range: its upper and its lower bound, as ZRANGE BYLEX takes them
--
-- Returns one list of members per range, in descending order.
local lists = {}
for nth, key in ipairs(KEYS) do
  lists[nth] = redis.call('ZRANGE', key, ARGV[2 * nth], ARGV[2 * nth + 1], 'BYLEX', 'REV', 'LIMIT', 0, ARGV[1])
end
return lists
