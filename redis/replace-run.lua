-- Replaces the text of a long run, or removes it, unless the key belongs to another run by now.
--
-- Called by: src/service/runs/run-store.ts
--
-- KEYS[1]  the lease, or the current run
-- ARGV[1]  the run_id of the run
-- ARGV[2]  its text, or empty to remove the key
-- ARGV[3]  the milliseconds that the text lives, or 0 if it does not expire
--
-- Returns 1, or 0 if another run holds the key.
local held = redis.call('GET', KEYS[1])
if held and cjson.decode(held).run_id ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
