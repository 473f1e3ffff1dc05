-- ARGV[2]: extend, complete or release; ARGV[3]: for how many microseconds; from ARGV[4]: jobs, each before the token of its
-- lease. Returns the places, from 0, of the jobs whose lease is not this one any more.
local at = score(now + ARGV[3])
local lost = {}
for i = 4, #ARGV, 2 do
  local job, token = ARGV[i], ARGV[i + 1]
  local set = redis.call('ZSCORE', high, job) and high or redis.call('ZSCORE', normal, job) and normal
  local attempts, holder = string.match(redis.call('HGET', jobs, job) or '', '^(%d+) (.*)$')
  if not set or holder ~= token then
    lost[#lost + 1] = (i - 4) / 2
  elseif ARGV[2] == 'complete' then
    redis.call('ZREM', set, job)
    redis.call('HDEL', jobs, job)
  else
    redis.call('ZADD', set, at, job)
    if ARGV[2] == 'release' then
      redis.call('HSET', jobs, job, attempts .. ' -')
    end
  end
end
return lost
