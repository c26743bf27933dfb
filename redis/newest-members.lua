-- Reads the newest members of several ranges of sorted sets together, at one moment. An order that
-- changes its status moves from one set to another; with one read after another it could be missing
-- in both. The ranges are merged here: of the forty sets that together are the list of all orders,
-- a page needs few members of each.
--
-- Called by: src/queries/live-generation.ts (newestMembers)
--
-- KEYS      the set of each range, all of one partition
-- ARGV[1]   the maximum number of members
-- ARGV[2]   the length of the end of a member by which they are ordered, a multiple of 6
-- ARGV[3…]  for each range: its upper and its lower bound, as ZRANGE BYLEX takes them; within the
--           range all members begin with the same text
--
-- Returns members in descending order of their ends, each end once.
local count, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local words = length / 6
local format = '>' .. string.rep('I6', words)

-- Lua compares texts by the server's locale. Numbers of 6 bytes are exact, and compare as bytes.
local function rank(member)
  return { struct.unpack(format, string.sub(member, -length)) }
end

local function compare(a, b)
  for word = 1, words do
    if a[word] ~= b[word] then
      return a[word] - b[word]
    end
  end
  return 0
end

-- Moves on to the next member of a range. Most ranges have few of the newest, so the first read is
-- small.
local function advance(range)
  range.at = range.at + 1
  if range.at > #range.members and range.more then
    range.members = redis.call('ZRANGE', range.key, range.to, range.from, 'BYLEX', 'REV', 'LIMIT', range.read, range.chunk)
    range.read = range.read + #range.members
    range.more = #range.members == range.chunk
    range.chunk = count
    range.at = 1
  end
  local member = range.members[range.at]
  range.rank = member and rank(member)
  return member ~= nil
end

local ranges = {}
for nth, key in ipairs(KEYS) do
  local range = { key = key, to = ARGV[2 * nth + 1], from = ARGV[2 * nth + 2], members = {}, at = 0, read = 0 }
  range.more, range.chunk = true, math.min(count, 3)
  if advance(range) then
    ranges[#ranges + 1] = range
  end
end

local newest, last = {}, nil
while #newest < count and #ranges > 0 do
  local first = 1
  for nth = 2, #ranges do
    if compare(ranges[nth].rank, ranges[first].rank) > 0 then
      first = nth
    end
  end
  local range = ranges[first]
  if not last or compare(last, range.rank) ~= 0 then
    newest[#newest + 1] = range.members[range.at]
    last = range.rank
  end
  if not advance(range) then
    table.remove(ranges, first)
  end
end
return newest
