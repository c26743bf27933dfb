-- Ends a long run: keeps it among the runs that have ended, and releases the lease and the current
-- run unless they belong to another run by now. A run that another one has found interrupted is in
-- the list already: it is replaced there, and listed once.
--
-- Called by: src/service/runs/run-store.ts (the end of a run)
--
-- KEYS[1]  the lease
-- KEYS[2]  the current run
-- KEYS[3]  the list of the runs that have ended, the newest first
-- ARGV[1]  the run_id of the run
-- ARGV[2]  its text: JSON that begins with its run_id
-- ARGV[3]  the runs that are kept in the list
--
-- Returns nothing.
local lease, current, ended = KEYS[1], KEYS[2], KEYS[3]
local start, index = '{"run_id":"' .. ARGV[1] .. '"', nil
for nth, text in ipairs(redis.call('LRANGE', ended, 0, -1)) do
  if string.sub(text, 1, #start) == start then
    index = nth - 1
  end
end
if index then
  redis.call('LSET', ended, index, ARGV[2])
else
  redis.call('LPUSH', ended, ARGV[2])
  redis.call('LTRIM', ended, 0, ARGV[3] - 1)
end
for _, key in ipairs({ lease, current }) do
  local held = redis.call('GET', key)
  if held and cjson.decode(held).run_id == ARGV[1] then
    redis.call('DEL', key)
  end
end
