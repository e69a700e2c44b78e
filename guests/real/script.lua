-- script.lua: works through Lua's libraries and prints what comes out; the same output on every run, in any directory that
-- can be written. lua.org/manual/5.4, chapter 6.

local function section(name) print('== ' .. name) end

section 'string'
print(('%5d|%-5s|%05.2f|%x|%q|%g'):format(42, 'ab', 3.14159, 255, 'line\nbreak', 1e100))
print(('hello world'):gsub('o', '0'), ('key = value'):match('(%w+)%s*=%s*(%w+)'))
print(('abc'):rep(3, '-'), ('abc'):reverse(), ('abc'):byte(1, -1))
for word in ('one two  three'):gmatch('%a+') do io.write(word, ';') end
print()
print(string.pack('<i4z', 1234, 'text'):byte(1, -1))
print(utf8.char(72, 228, 8364, 128512), utf8.len('häß€'))
print(tostring(2^53), 7 // 2, -7 // 2, 7 % -3, 1 << 62, math.maxinteger, 5 / 2)

section 'table'
local numbers = {}
local seed = 42
for i = 1, 1000 do
  seed = (seed * 1103515245 + 12345) % 2147483648
  numbers[i] = seed
end
table.sort(numbers)
print(numbers[1], numbers[500], numbers[1000], #numbers)
table.sort(numbers, function(a, b) return a > b end)
print(numbers[1], table.concat({1, 2, 3}, ', '), select('#', table.unpack({1, nil, 3}, 1, 3)))
local removed = table.remove(numbers, 10)
table.insert(numbers, 10, removed)
print(#numbers, table.concat(table.move({1, 2, 3}, 1, 3, 2), ' '))

section 'metatable'
local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b) return setmetatable({x = a.x + b.x, y = a.y + b.y}, Vector) end
Vector.__tostring = function(v) return '(' .. v.x .. ', ' .. v.y .. ')' end
print(tostring(setmetatable({x = 1, y = 2}, Vector) + setmetatable({x = 3, y = 4}, Vector)))

section 'coroutine'
local function primes(limit)
  return coroutine.wrap(function()
    local composite = {}
    for n = 2, limit do
      if not composite[n] then
        coroutine.yield(n)
        for multiple = n * n, limit, n do composite[multiple] = true end
      end
    end
  end)
end
local count, last = 0, 0
for prime in primes(20000) do count, last = count + 1, prime end
print(count, last)
local failing = coroutine.create(function() coroutine.yield(1) error('inside', 0) end)
print(coroutine.resume(failing))
print(coroutine.resume(failing))
print(coroutine.status(failing), coroutine.resume(failing))

section 'errors'
print(pcall(error, {code = 7}) , select(2, pcall(error, 'message', 0)))
print(select(2, xpcall(function() return nil + 1 end, function(text) return 'caught: ' .. text:match(':%d+: (.*)') end)))
print(load('return 1 +'))

section 'io'
local name = 'script-' .. (arg[1] or 'lua') .. '.txt'
local file = assert(io.open(name, 'w'))
print(io.type(file), file:setvbuf('full', 1024))
for i = 1, 500 do file:write('line ', i, ' ', i * i, '\n') end
print(file:seek('cur'), file:close(), io.type(file))
local sum = 0
for line in io.lines(name) do sum = sum + tonumber(line:match('(%d+)$')) end
print(sum)
file = assert(io.open(name, 'r+'))
print(file:read('l', 'n'), file:read('l'))
print(file:seek('set', 5), file:read(3), file:seek('end'))
file:seek('set', 0)
file:write('LINE')
file:flush()
file:seek('set', 0)
print(file:read('L'))
print(#file:read('a'), file:read('l'), file:read(0))
file:close()
print(io.open('missing/file', 'r'))
local temporary = assert(io.tmpfile())
temporary:write('temporary'):seek('set')
print(temporary:read('a'))
temporary:close()
file = assert(io.open(name, 'ab'))
file:write(('x'):rep(100000))
file:close()
file = assert(io.open(name, 'rb'))
print(#file:read('a'))
file:close()

section 'os'
print(os.date('!%Y-%m-%d %H:%M:%S', 1000000000), os.date('!*t', 86400).wday)
print(os.time({year = 2024, month = 2, day = 30, hour = 12}) - os.time({year = 2024, month = 2, day = 1, hour = 12}))
print(os.time() > 1700000000, os.clock() >= 0, os.difftime(10, 4))
print(os.getenv('NO_SUCH_VARIABLE'))
print(os.rename(name, name .. '.renamed'))
print(os.rename(name, 'never'))
print(os.remove(name .. '.renamed'))
print(os.remove(name .. '.renamed'))
local unique = os.tmpname()
print(unique:match('^/tmp/lua_%w+$') ~= nil, os.remove(unique))

section 'memory'
local before = collectgarbage('count')
do
  local heap = {}
  for i = 1, 200000 do heap[i] = {i, tostring(i)} end
  print(#heap, collectgarbage('count') > before)
end
collectgarbage()
print(collectgarbage('count') < before + 1000)

section 'computation'
local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
print(fibonacci(24), math.floor(math.sin(1) * 1e9), math.tointeger(2^40), 10 // 0.0)
local checksum = 0
for i = 1, 300000 do checksum = (checksum * 31 + (i ~ checksum >> 3)) & 0xffffffff end
print(('%08x'):format(checksum))
