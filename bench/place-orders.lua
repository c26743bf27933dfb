-- Orders for wrk, as bench/placed-orders.ts makes them. Each thread of wrk counts for itself.
local placed = 0
local headers = { ['content-type'] = 'application/json', ['prefer'] = 'respond-async' }
local order = '{"user_id":"user-%d","items":[{"item_id":"item-%d","quantity":1,"unit_price":19.99},'
  .. '{"item_id":"extra-%d","quantity":2,"unit_price":5}],"total_amount":29.99,"metadata":{"channel":"web"}}'

request = function()
  placed = placed + 1
  local body = string.format(order, placed % 20000, placed % 5000, (placed * 7) % 5000)
  return wrk.format('POST', '/orders', headers, body)
end
