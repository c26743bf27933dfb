-- Reads ranges of lists, one after the other, until the texts reach a number of bytes. The size of
-- an element is not known before it is read, so a plain LRANGE could return any number of bytes.
--
-- Called by: src/queries/live-generation.ts (readRanges)
--
-- KEYS     the list of each range, then the checkpoint of the generation, all of one partition
-- ARGV[1]  the maximum number of bytes; the first element is returned even if it is larger
-- ARGV[2]  what an element beyond the end of a list is: 'missing', or the position up to which the
--          lists have to be complete, and then it is an empty string
-- ARGV[3…] for each range: the index of its first element, and of its last one
--
-- The checkpoint is compared here, at the moment of the reading: Redis may have come back with
-- older lists since it was last read, and then an element that is not there is not an empty one.
--
-- Returns how the reading ended, then the elements that were read:
--   'all'    all ranges were read
--   'bytes'  the next element exceeds the maximum number of bytes
--   'short'  a list ends before its range does, and such elements are missing
--   'behind' the lists are not complete up to the position; nothing was read
local elementsPerRead = 16
local maxBytes = tonumber(ARGV[1])
local isPadded = ARGV[2] ~= 'missing'
if isPadded then
  local checkpoint = redis.call('GET', KEYS[#KEYS]) or ''
  if (tonumber(string.match(checkpoint, '^%d+')) or 0) < tonumber(ARGV[2]) then
    return { 'behind' }
  end
end
local result, bytes = { 'all' }, 0
for nth = 1, #KEYS - 1 do
  local key = KEYS[nth]
  local at, last = tonumber(ARGV[2 * nth + 1]), tonumber(ARGV[2 * nth + 2])
  while at <= last do
    local wanted = math.min(elementsPerRead, last - at + 1)
    local texts = redis.call('LRANGE', key, at, at + wanted - 1)
    for _, text in ipairs(texts) do
      bytes = bytes + #text
      if bytes > maxBytes and #result > 1 then
        result[1] = 'bytes'
        return result
      end
      result[#result + 1] = text
    end
    if #texts < wanted and not isPadded then
      result[1] = 'short'
      return result
    end
    for _ = #texts + 1, wanted do
      result[#result + 1] = ''
    end
    at = at + wanted
  end
end
return result
