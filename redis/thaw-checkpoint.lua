-- Thaws the checkpoint of a generation in one partition.
--
-- Called by: src/projector/generations/checkpoint-freeze.ts (thaw, thawAbandoned)
--
-- KEYS[1]  the checkpoint
-- ARGV[1]  the token under which it was frozen. With another token nothing happens.
--
-- Returns 1 if the checkpoint was thawed, otherwise 0.
local checkpoint = redis.call('GET', KEYS[1]) or ''
local thawed = string.match(checkpoint, '^(%d+:%x*):(.+)$')
if not thawed or string.sub(checkpoint, #thawed + 2) ~= ARGV[1] then
  return 0
end
if thawed == '0:' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], thawed)
end
return 1
