-- A whole purchase in two requests: a cart with item, e-mail and address, then its checkout.
-- SOKO_VARIANTS holds variant ids, separated by commas; SOKO_RUN makes idempotency keys unique.
local variants = {}
for id in string.gmatch(os.getenv("SOKO_VARIANTS"), "[^,]+") do variants[#variants + 1] = id end
local run = os.getenv("SOKO_RUN")
local address = '{"name":"Bench Buyer","line1":"1 Moi Avenue","city":"Nairobi","country":"KE"}'
local payment = '{"payment_method":{"type":"sandbox","token":"tok_success"}}'
local carts = {}
local turn = 0
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  thread:set("completed", 0)
  thread:set("refused", 0)
  threads[#threads + 1] = thread
end

function request()
  local cart = table.remove(carts)
  turn = turn + 1
  if cart then
    return wrk.format("POST", "/v1/carts/" .. cart.id .. "/checkout", {
      ["Content-Type"] = "application/json",
      ["X-Cart-Token"] = cart.token,
      ["Idempotency-Key"] = run .. "-" .. number .. "-" .. turn,
    }, payment)
  end
  local variant = variants[(turn + number * 37) % #variants + 1]
  return wrk.format("POST", "/v1/carts", { ["Content-Type"] = "application/json" },
    '{"items":[{"variant_id":"' .. variant .. '","quantity":1}],'
    .. '"email":"bench@soko.example","shipping_address":' .. address .. '}')
end

function response(status, _, body)
  local id = string.match(body, '"id":"(cart_[0-9a-z]+)"')
  local token = string.match(body, '"token":"([^"]+)"')
  local is_order = string.find(body, '"id":"ord_', 1, true)
  if status == 201 and is_order then
    completed = completed + 1
  elseif status == 201 and id and token then
    carts[#carts + 1] = { id = id, token = token }
  else
    refused = refused + 1
  end
end

function done()
  local sum, bad = 0, 0
  for _, thread in ipairs(threads) do
    sum = sum + thread:get("completed")
    bad = bad + thread:get("refused")
  end
  io.write("completed ", sum, "\nrefused ", bad, "\n")
end
