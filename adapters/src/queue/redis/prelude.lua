-- What all scripts begin with. ARGV[1]: how far the clock is ahead, in microseconds.
local high, normal, jobs = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2] + ARGV[1]
-- A score in words: Lua would print it with 14 digits.
local function score(at) return string.format('%.0f', at) end
