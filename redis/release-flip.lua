-- Takes back the token under which live checkpoints were frozen for a flip: after this they can be thawed, since the flip
-- can't happen any more.
--
-- KEYS[1]  the projection's generations
-- ARGV[1]  the token
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 5) == 'flip:' and fields[at + 1] == ARGV[1] then
    redis.call('HDEL', KEYS[1], fields[at])
  end
end
