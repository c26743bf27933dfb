-- Makes a generation stand still in a partition: see read-models/checkpoint.ts.
--
-- KEYS[1]  the checkpoint
-- ARGV[1]  the token of who needs it
--
-- Returns what the checkpoint is now. If it ends with another token, somebody else has frozen it.
local checkpoint = redis.call('GET', KEYS[1]) or ''
if string.match(checkpoint, '^%d*:?%x*$') and checkpoint ~= 'retired' then
  checkpoint = (checkpoint == '' and '0:' or checkpoint) .. ':' .. ARGV[1]
  redis.call('SET', KEYS[1], checkpoint)
end
return checkpoint
