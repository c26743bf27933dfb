-- Applies steps: batches of events folded into generations of read models. The writes of a step and
-- its new checkpoint are applied together or not at all. Steps are independent of each other. They
-- may belong to several projections and, unless Redis is in cluster mode, to several partitions.
--
-- A step is rejected if its checkpoint is not the one that it was folded from. So an owner that has
-- lost its partition without noticing cannot write, and no event is applied twice.
--
-- Called by: src/projector/steps/apply-steps.ts
--
-- KEYS     the checkpoint of each step; in cluster mode also the keys of all writes. While a slot
--          moves to another node, the node then refuses the call as a whole, and not a write in the
--          middle.
-- ARGV[1]  the channel on which applied steps are published
-- ARGV[2]  the number of steps
-- ARGV[3…] for each step:
--            the checkpoint that the step was folded from; '' for none
--            the checkpoint after the step
--            the step's line in the published message
--            the number of writes
--            for each write: the number of its words, then the words: command, key and arguments
--
-- Returns one string per step:
--   '+'              the step was applied
--   '=<checkpoint>'  it was rejected; this is the checkpoint that was found
--   '-<error>'       Redis refused one of its writes
--
-- A step that is refused has applied nothing, so that it can be folded again. If Redis lacks
-- memory, it refuses the first write. A write to a key of another type would be refused in the
-- middle: so the types of a step's keys are looked at before its first write.
local results, lines, moved = {}, {}, {}
local typeOf = { HSET = 'hash', HDEL = 'hash', ZADD = 'zset', ZREM = 'zset' }
typeOf.SADD, typeOf.RPUSH, typeOf.LSET = 'set', 'list', 'list'
-- The keys of this call whose type is as its writes need it.
local checked = {}
-- Returns the first key of a step's writes with another type than they need. A key of a step that
-- was applied has the right type by then.
local function wrongKey(at, writes)
  for _ = 1, writes do
    local words = tonumber(ARGV[at])
    local wanted, name = typeOf[ARGV[at + 1]], ARGV[at + 2]
    if wanted and checked[name] ~= wanted then
      local found = redis.call('TYPE', name).ok
      if found ~= 'none' and found ~= wanted then
        return name
      end
      checked[name] = wanted
    end
    at = at + words + 1
  end
end
-- The checkpoints after the steps so far: of two steps from one checkpoint only one is applied.
local checkpoints = {}
local steps = tonumber(ARGV[2])
for index, checkpoint in ipairs(redis.call('MGET', unpack(KEYS, 1, steps))) do
  checkpoints[KEYS[index]] = checkpoint or ''
end
local at = 3
for step = 1, steps do
  local key = KEYS[step]
  local from, to, line, writes = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  local result = checkpoints[key] == from and '+' or '=' .. checkpoints[key]
  local wrong = result == '+' and wrongKey(at, writes)
  if wrong then
    result = '-WRONGTYPE the key ' .. wrong .. ' has another type'
  end
  for _ = 1, writes do
    local words = tonumber(ARGV[at])
    if result == '+' then
      local reply = redis.pcall(unpack(ARGV, at + 1, at + words))
      if type(reply) == 'table' and reply.err then
        -- A replica refuses all writes. As the reply to the call, this makes the client look for
        -- the primary.
        if string.find(reply.err, 'READONLY', 1, true) then
          return reply
        end
        result = '-' .. reply.err
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
