-- Applies one step of a projection: its writes and its new checkpoint, together or not at all.
--
-- KEYS[1]  the checkpoint
-- ARGV[1]  what the checkpoint has to be ('' for none): a step that was folded from anything else is refused, so an owner
--          that lost its partition without noticing can't write, and no event is applied twice
-- ARGV[2]  what the checkpoint becomes
-- ARGV[3]  channel, ARGV[4] message: tells those who wait for this position
-- ARGV[5…] the writes: for each the number of its words, then the words, command first
--
-- Returns false if it was applied, otherwise what the checkpoint is instead.
local checkpoint = redis.call('GET', KEYS[1]) or ''
if checkpoint ~= ARGV[1] then
  return checkpoint
end
local at = 5
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return false
