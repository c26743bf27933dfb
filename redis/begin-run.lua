-- Begins a long run, unless one is running. One step takes the lease and replaces the current run,
-- so that no process sees one without the other. A current run without a lease was interrupted: it
-- is kept among the runs that have ended, unless it is there already.
--
-- Called by: src/service/runs/run-store.ts (start)
--
-- KEYS[1]  the lease
-- KEYS[2]  the current run
-- KEYS[3]  the list of the runs that have ended, the newest first
-- ARGV[1]  the text of the run: JSON that begins with its run_id
-- ARGV[2]  the milliseconds that the lease lives
-- ARGV[3]  the runs that are kept in the list
--
-- Returns the text of the run that holds the lease: ARGV[1], or that of the run that is running.
local lease, current, ended = KEYS[1], KEYS[2], KEYS[3]
local holder = redis.call('GET', lease)
if holder then
  return holder
end

local function has_ended(run_id)
  local start = '{"run_id":"' .. run_id .. '"'
  for _, text in ipairs(redis.call('LRANGE', ended, 0, -1)) do
    if string.sub(text, 1, #start) == start then
      return true
    end
  end
  return false
end

local before = redis.call('GET', current)
if before and not has_ended(cjson.decode(before).run_id) then
  redis.call('LPUSH', ended, before)
  redis.call('LTRIM', ended, 0, ARGV[3] - 1)
end
redis.call('SET', lease, ARGV[1], 'PX', ARGV[2])
redis.call('SET', current, ARGV[1])
return ARGV[1]
