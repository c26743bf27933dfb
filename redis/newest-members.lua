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
-- ARGV[3…]  for each range, or once for all: its upper and its lower bound, as ZRANGE BYLEX takes
--           them; within the range all members begin with the same text
--
-- Returns members in descending order of their ends, each end once.
local count, length = tonumber(ARGV[1]), tonumber(ARGV[2])

-- Lua compares texts by the server's locale. Numbers of 6 bytes are exact, and compare as bytes.
local function word(member, at)
  return (struct.unpack('>I6', string.sub(member, at - length - 1, at - length + 4)))
end

-- Whether a member is newer than another one with equal first words; nil if their ends are equal.
local function isNewer(member, other)
  for at = 13, length, 6 do
    local a, b = word(member, at), word(other, at)
    if a ~= b then
      return a > b
    end
  end
  return nil
end

local hasSharedBounds = #ARGV == 4
local function read(nth, from, limit)
  local at = hasSharedBounds and 3 or 2 * nth + 1
  local to, lowest = ARGV[at], ARGV[at + 1]
  return redis.call('ZRANGE', KEYS[nth], to, lowest, 'BYLEX', 'REV', 'LIMIT', from, limit)
end

-- The present member of a range, with the first two words of its end, which rarely are equal.
local function point(range, at)
  local member = range.members[at]
  range.at, range.member = at, member
  if member then
    range.first, range.second = word(member, 1), word(member, 7)
  end
  return member ~= nil
end

-- Most ranges have few of the newest members, so the first reads are small.
local chunk = math.min(count, 3)
local ranges = {}
for nth = 1, #KEYS do
  local members = read(nth, 0, chunk)
  if #members > 0 then
    local range = { nth = nth, members = members, read = #members, chunk = chunk, more = #members == chunk }
    point(range, 1)
    ranges[#ranges + 1] = range
  end
end
if #ranges == 1 then
  return ranges[1].more and read(ranges[1].nth, 0, count) or ranges[1].members
end

-- Moves on to the next member of a range. Returns false at its end.
local function advance(range)
  if range.at < #range.members or not range.more then
    return point(range, range.at + 1)
  end
  range.chunk = math.min(count, 2 * range.chunk)
  range.members = read(range.nth, range.read, range.chunk)
  range.read = range.read + #range.members
  range.more = #range.members == range.chunk
  return point(range, 1)
end

local function isBefore(range, other)
  if range.first ~= other.first then
    return range.first > other.first
  elseif range.second ~= other.second then
    return range.second > other.second
  end
  return isNewer(range.member, other.member)
end

local newest, last = {}, { first = -1 }
while #newest < count and #ranges > 0 do
  local best = 1
  for nth = 2, #ranges do
    if isBefore(ranges[nth], ranges[best]) then
      best = nth
    end
  end
  local range = ranges[best]
  local isSame = last.first == range.first and last.second == range.second
  if not isSame or isNewer(last.member, range.member) ~= nil then
    newest[#newest + 1] = range.member
    last = { first = range.first, second = range.second, member = range.member }
  end
  if not advance(range) then
    table.remove(ranges, best)
  end
end
return newest
