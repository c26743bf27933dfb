-- Freezes the checkpoint of a generation in one partition, see src/read-models/checkpoint.ts.
-- A frozen checkpoint and the checkpoint of a removed generation stay as they are.
--
-- Called by: src/projector/generations/checkpoint-freeze.ts (freeze)
--
-- KEYS[1]  the checkpoint
-- ARGV[1]  the token of the caller
--
-- Returns the checkpoint after the call. If it ends with another token, this call froze nothing.
local checkpoint = redis.call('GET', KEYS[1]) or ''
if string.match(checkpoint, '^%d*:?%x*$') and checkpoint ~= 'retired' then
  checkpoint = (checkpoint == '' and '0:' or checkpoint) .. ':' .. ARGV[1]
  redis.call('SET', KEYS[1], checkpoint)
end
return checkpoint
