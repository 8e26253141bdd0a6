-- Reads of the paths in SOKO_PATHS (separated by line ends), in turn; SOKO_UNCACHED=1 asks for fresh answers.
local paths = {}
for path in string.gmatch(os.getenv("SOKO_PATHS"), "[^\n]+") do paths[#paths + 1] = path end
local headers = {}
if os.getenv("SOKO_UNCACHED") == "1" then headers["Cache-Control"] = "no-cache" end
local requests = {}
local turn = 0

function init()
  for index, path in ipairs(paths) do requests[index] = wrk.format("GET", path, headers) end
end

function request()
  turn = turn + 1
  return requests[turn % #requests + 1]
end
