-- A new cart with one item. SOKO_VARIANTS holds variant ids, separated by commas.
local variants = {}
for id in string.gmatch(os.getenv("SOKO_VARIANTS"), "[^,]+") do variants[#variants + 1] = id end
local headers = { ["Content-Type"] = "application/json" }
local turn = 0
local threads = {}

function setup(thread)
  thread:set("offset", #threads * 37)
  thread:set("completed", 0)
  threads[#threads + 1] = thread
end

function request()
  turn = turn + 1
  local variant = variants[(turn + offset) % #variants + 1]
  local body = '{"items":[{"variant_id":"' .. variant .. '","quantity":1}]}'
  return wrk.format("POST", "/v1/carts", headers, body)
end

function response(status)
  if status == 201 then completed = completed + 1 end
end

function done()
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("completed") end
  io.write("completed ", sum, "\n")
end
