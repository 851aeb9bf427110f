-- Posts pushes that differ in their key and in the commit they lead to; one thread for each of PORTS.
-- Arguments: what tells this run from others, and files: a request's head, its body before and after the commit's id.

local ports = {}
for port in os.getenv("PORTS"):gmatch("%d+") do
  table.insert(ports, port)
end
local threads, number = 0, 0
local run, head, before, after

local function content(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
  thread.addr = wrk.lookup("127.0.0.1", ports[threads])[1]
end

function init(args)
  run, head, before, after = args[1], content(args[2]), content(args[3]), content(args[4])
end

function request()
  number = number + 1
  local commit = string.format("%08x%032x", thread_number, number)
  return head .. run .. "-" .. commit .. "\r\n\r\n" .. before .. commit .. after
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local percentiles = {}
  for step = 1, 999 do
    table.insert(percentiles, latency:percentile(step / 10))
  end
  print(string.format(
    '\n{"requests": %d, "microseconds": %d, "failed": %d, "percentiles": [%s]}',
    summary.requests, summary.duration, failed, table.concat(percentiles, ", ")
  ))
end
