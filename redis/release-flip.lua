-- Releases the token of a flip. That prevents the flip, so the checkpoints that were frozen for it
-- can be thawed.
--
-- Called by: src/projector/generations/checkpoint-freeze.ts (releaseFlip, thawAbandoned)
--
-- KEYS[1]  the projection's hash of generations, see src/read-models/generations.ts
-- ARGV[1]  the token
--
-- Returns nothing.
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 5) == 'flip:' and fields[at + 1] == ARGV[1] then
    redis.call('HDEL', KEYS[1], fields[at])
  end
end
