-- Reads the texts of single entries of keys of any type, until they reach a number of bytes.
--
-- Called by: src/projector/generations/key-pages.ts (texts)
--
-- KEYS     the key of each entry, all of one partition
-- ARGV[1]  the bytes after which nothing more is read
-- ARGV[2…] the entry of each key: a field, a member, or an index of a list
--
-- Returns the texts in order, at least one: the value of a field, the score of a member, an item of
-- a list, or the text of a string. The text of a member of a set is 1. A missing entry is null.
local maxBytes = tonumber(ARGV[1])
local reads = { hash = 'HGET', zset = 'ZSCORE', list = 'LINDEX' }

local function read(key, entry)
  local kind = redis.call('TYPE', key).ok
  if kind == 'set' then
    return redis.call('SISMEMBER', key, entry) == 1 and '1'
  elseif kind == 'string' then
    return redis.call('GET', key)
  elseif not reads[kind] or (kind == 'list' and not tonumber(entry)) then
    return false
  end
  return redis.call(reads[kind], key, entry)
end

local texts, bytes = {}, 0
for nth, key in ipairs(KEYS) do
  local text = read(key, ARGV[1 + nth])
  texts[nth] = text
  bytes = bytes + (text and #text or 0)
  if bytes >= maxBytes then
    break
  end
end
return texts
