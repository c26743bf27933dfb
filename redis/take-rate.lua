-- Takes requests from a caller's rate limit, by the generic cell rate algorithm. The limit is a
-- bucket that holds `capacity` requests and refills evenly. Only one time is stored: that at which
-- the bucket will be full again.
--
-- Called by: src/http/middleware/rate-limit.ts
--
-- KEYS[1]  the caller's bucket
-- ARGV[1]  the number of requests to take
-- ARGV[2]  the capacity of the bucket
-- ARGV[3]  the milliseconds in which one request is refilled
-- ARGV[4]  'check' to take nothing, and only report what would happen
--
-- Returns whether the requests were taken (1) or not (0), the requests that are left, and the
-- milliseconds until the bucket is full; if they were not taken, until it holds enough for them.
local requests, capacity, interval = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local after = full + requests * interval
local excess = after - now - capacity * interval
if excess > 0.001 then
  local left = math.floor((capacity * interval - (full - now)) / interval)
  return { 0, left, math.ceil(excess) }
end
if ARGV[4] ~= 'check' then
  redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now))
end
return { 1, math.floor((capacity * interval - (after - now)) / interval + 0.001), math.ceil(after - now) }
