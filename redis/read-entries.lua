-- Reads pages of keys of any type, one key after the other, until the pages reach a number of
-- bytes. The size of an entry is not known before it is read: HSCAN with a COUNT, or LRANGE, could
-- return any number of bytes. A page may exceed the number by the entries of one such read.
--
-- Called by: src/projector/generations/key-pages.ts (firstPages, pages)
--
-- KEYS     the keys, all of one partition
-- ARGV[1]  the entries after which a page ends
-- ARGV[2]  the bytes, of all pages together, after which nothing more is read
-- ARGV[3…] for each key: the cursor at which its page begins, which is 0 for the first page
--
-- Returns the pages in the order of the keys, at least one, as the JSON text of an array of arrays:
-- Node reads the hundreds of words in it in half the time that replies of their own take. Each page
-- consists of
--
-- - the type of the key;
-- - the cursor of the next page of the key; 0 after its last page;
-- - the words of the entries, as HSCAN, ZSCAN or SSCAN returns them; the items of a list; or the
--   text of a string.
--
-- As with SCAN, two pages of one key may have the same entry.
local entriesPerRead = 16
local scans = { hash = 'HSCAN', zset = 'ZSCAN', set = 'SSCAN' }
local maxEntries, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local bytes = 0

local function add(page, words)
  for _, word in ipairs(words) do
    bytes = bytes + #word
    page[#page + 1] = word
  end
end

local function isFull(page, width)
  return bytes >= maxBytes or #page - 2 >= maxEntries * width
end

local function scan(page, key, command, cursor)
  local width = command == 'SSCAN' and 1 or 2
  repeat
    local reply = redis.call(command, key, cursor, 'COUNT', entriesPerRead)
    cursor = reply[1]
    add(page, reply[2])
  until cursor == '0' or isFull(page, width)
  return cursor
end

local function readList(page, key, cursor)
  local at, length = tonumber(cursor), redis.call('LLEN', key)
  repeat
    add(page, redis.call('LRANGE', key, at, at + entriesPerRead - 1))
    at = at + entriesPerRead
  until at >= length or isFull(page, 1)
  return at < length and string.format('%d', at) or '0'
end

local pages = {}
for nth, key in ipairs(KEYS) do
  local kind, cursor = redis.call('TYPE', key).ok, ARGV[2 + nth]
  local page = { kind, '0' }
  if scans[kind] then
    page[2] = scan(page, key, scans[kind], cursor)
  elseif kind == 'list' then
    page[2] = readList(page, key, cursor)
  elseif kind == 'string' then
    add(page, { redis.call('GET', key) })
  end
  pages[nth] = page
  if bytes >= maxBytes then
    break
  end
end
return cjson.encode(pages)
