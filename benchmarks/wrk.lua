-- One request a line, signed beforehand: path, then name and value of each header, with tabs between. Each is sent once.
local requests, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local parts = {}
    for part in (line .. "\t"):gmatch("(.-)\t") do parts[#parts + 1] = part end
    local headers = {}
    for i = 2, #parts, 2 do headers[parts[i]] = parts[i + 1] end
    requests[#requests + 1] = wrk.format("GET", parts[1], headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, failed, latency:percentile(50)))
end
