-- Applies steps of several projections, in one partition or more: each one's writes and its new checkpoint, together or not at all,
-- and each by itself.
--
-- KEYS     the checkpoint of each step
-- ARGV[1]  the channel that tells those who wait, with a line for each step that was applied
-- ARGV[2…] for each step:
--            what its checkpoint has to be ('' for none): a step that was folded from anything else is refused, so an owner
--            that lost its partition without noticing can't write, and no event is applied twice
--            what the checkpoint becomes
--            its line in the message
--            the number of its writes, and for each the number of its words, then the words, command first
--
-- Returns for each step '+' if it was applied, '=' and what the checkpoint is instead, or '-' and why Redis refused one of the
-- writes. It refuses for want of memory before the first of them. A write that meets a key of another type leaves those before
-- it; the checkpoint stays, so that the step is folded again on what is there then, and stops its projection if that is damaged.
local results, lines, moved = {}, {}, {}
-- As they are after the steps before: two steps on top of the same checkpoint are not both taken.
local checkpoints = {}
for index, checkpoint in ipairs(redis.call('MGET', unpack(KEYS))) do
  checkpoints[KEYS[index]] = checkpoint or ''
end
local at = 2
for step, key in ipairs(KEYS) do
  local from, to, line, writes = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  local result = checkpoints[key] == from and '+' or '=' .. checkpoints[key]
  for _ = 1, writes do
    local words = tonumber(ARGV[at])
    if result == '+' then
      local answer = redis.pcall(unpack(ARGV, at + 1, at + words))
      if type(answer) == 'table' and answer.err then
        result = '-' .. answer.err
      end
    end
    at = at + words + 1
  end
  if result == '+' then
    checkpoints[key] = to
    moved[#moved + 1] = key
    moved[#moved + 1] = to
    lines[#lines + 1] = line
  end
  results[step] = result
end
if #moved > 0 then
  redis.call('MSET', unpack(moved))
  redis.call('PUBLISH', ARGV[1], table.concat(lines, '\n'))
end
return results
