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
--            the number of words that follow: those of its writes
--            for each run of writes with the same command and number of words: the command, the
--            number of writes, and the words of each, which are the key and the other arguments;
--            then the words of all writes
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
-- By the command of a write: one that costs little, and fails if the key has another type than the
-- write needs. TYPE itself takes longer, because Lua makes a table of its reply.
local lengthOf = { HSET = 'HLEN', HDEL = 'HLEN', ZADD = 'ZCARD', ZREM = 'ZCARD' }
lengthOf.ZREMRANGEBYRANK = 'ZCARD'
lengthOf.SADD, lengthOf.RPUSH, lengthOf.LSET = 'SCARD', 'LLEN', 'LLEN'
-- Returns why the writes from one word up to another would be refused.
local function refusal(at, stop)
  while at < stop do
    local command, writes, words = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local length = lengthOf[command]
    local after = at + 3 + writes * words
    if length then
      for key = at + 3, after - words, words do
        local reply = redis.pcall(length, ARGV[key])
        if type(reply) == 'table' then
          if string.find(reply.err, 'WRONGTYPE', 1, true) then
            return 'WRONGTYPE the key ' .. ARGV[key] .. ' has another type'
          end
          return reply.err
        end
      end
    end
    at = after
  end
end
-- Applies the writes from one word up to another. Returns the first error.
local function apply(at, stop)
  while at < stop do
    local command, writes, words = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local after = at + 3 + writes * words
    for key = at + 3, after - words, words do
      local reply
      if words == 3 then
        -- Most writes are of this kind, and `unpack` would take longer.
        reply = redis.pcall(command, ARGV[key], ARGV[key + 1], ARGV[key + 2])
      else
        reply = redis.pcall(command, unpack(ARGV, key, key + words - 1))
      end
      if type(reply) == 'table' and reply.err then
        return reply
      end
    end
    at = after
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
  local from, to, line = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local first = at + 4
  local stop = first + tonumber(ARGV[at + 3])
  at = stop
  local result = checkpoints[key] == from and '+' or '=' .. checkpoints[key]
  local refused = result == '+' and refusal(first, stop)
  if refused then
    result = '-' .. refused
  end
  local failed = result == '+' and apply(first, stop)
  if failed then
    -- A replica refuses all writes. As the reply to the call, this makes the client look for the
    -- primary.
    if string.find(failed.err, 'READONLY', 1, true) then
      return failed
    end
    result = '-' .. failed.err
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
