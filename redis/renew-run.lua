-- Renews the lease of a long run, and its text as the current run. A run that has lost its lease
-- never takes it again, even if the run that took it has ended since.
--
-- Called by: src/service/runs/run-store.ts (the report of a run)
--
-- KEYS[1]  the lease
-- KEYS[2]  the current run
-- KEYS[3]  the list of the runs that have ended
-- ARGV[1]  the run_id of the run
-- ARGV[2]  its text: JSON that begins with its run_id
-- ARGV[3]  the milliseconds that the lease lives
--
-- Returns 1, or 0 if the run has lost its lease.
local lease, current, ended = KEYS[1], KEYS[2], KEYS[3]
for _, key in ipairs({ lease, current }) do
  local held = redis.call('GET', key)
  if held and cjson.decode(held).run_id ~= ARGV[1] then
    return 0
  end
end
-- Only a lease that has expired leaves room for another run.
if redis.call('EXISTS', lease) == 0 then
  local start = '{"run_id":"' .. ARGV[1] .. '"'
  for _, text in ipairs(redis.call('LRANGE', ended, 0, -1)) do
    if string.sub(text, 1, #start) == start then
      return 0
    end
  end
end
redis.call('SET', lease, ARGV[2], 'PX', ARGV[3])
redis.call('SET', current, ARGV[2])
return 1
