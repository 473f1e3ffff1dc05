-- ARGV[2]: the most jobs; ARGV[3]: for how many microseconds; ARGV[4]: the token.
-- Returns how many more are available, the jobs, and the attempts at each.
local ends = score(now + ARGV[3])
local names, attempts = {}, {}
for _, set in ipairs({high, normal}) do
  local room = ARGV[2] - #names
  if room > 0 then
    for _, job in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', score(now), 'LIMIT', 0, room)) do
      local held = redis.call('HGET', jobs, job)
      local attempt = math.min((held and tonumber(string.match(held, '^%d+')) or 0) + 1, 4294967295)
      redis.call('ZADD', set, ends, job)
      redis.call('HSET', jobs, job, score(attempt) .. ' ' .. ARGV[4])
      names[#names + 1] = job
      attempts[#attempts + 1] = attempt
    end
  end
end
local available = 0
for _, set in ipairs({high, normal}) do
  available = available + redis.call('ZCOUNT', set, '-inf', score(now))
end
return {available, names, attempts}
