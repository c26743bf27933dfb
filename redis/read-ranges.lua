-- Reads ranges of lists, one after the other, until the texts reach a number of bytes. The size of
-- an element is not known before it is read, so a plain LRANGE could return any number of bytes.
--
-- Called by: src/queries/live-generation.ts (readRanges)
--
-- KEYS     the list of each range, all of one partition
-- ARGV[1]  the maximum number of bytes; the first element is returned even if it is larger
-- ARGV[2]  what an element beyond the end of a list is: 'missing', or 'empty', an empty string
-- ARGV[3…] for each range: the index of its first element, and of its last one
--
-- Returns how the reading ended, then the elements that were read:
--   'all'    all ranges were read
--   'bytes'  the next element exceeds the maximum number of bytes
--   'short'  a list ends before its range does, and such elements are missing
local elementsPerRead = 16
local maxBytes = tonumber(ARGV[1])
local isPadded = ARGV[2] == 'empty'
local result, bytes = { 'all' }, 0
for nth, key in ipairs(KEYS) do
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
