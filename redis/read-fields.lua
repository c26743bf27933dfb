-- Reads fields of hashes, one after the other, until their values reach a number of bytes. The fold
-- of a step can need the entries of a thousand orders, and how large they are is not known before.
--
-- Called by: src/projector/steps/projection-store.ts (fields)
--
-- KEYS     the hash of each field, all of one partition
-- ARGV[1]  the maximum number of bytes; the first value is returned even if it is larger
-- ARGV[2…] the name of each field
--
-- Returns the values in order, false for a missing field, without those beyond the maximum.
local maxBytes = tonumber(ARGV[1])
local values, bytes = {}, 0
for nth, key in ipairs(KEYS) do
  local value = redis.call('HGET', key, ARGV[nth + 1])
  if value then
    bytes = bytes + #value
    if bytes > maxBytes and nth > 1 then
      return values
    end
  end
  values[nth] = value
end
return values
