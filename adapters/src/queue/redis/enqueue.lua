-- ARGV[2]: high or normal; from ARGV[3]: the jobs.
local is_high = ARGV[2] == 'high'
for i = 3, #ARGV do
  local job = ARGV[i]
  local waits = redis.call('ZSCORE', normal, job)
  if waits and is_high then
    redis.call('ZADD', high, waits, job)
    redis.call('ZREM', normal, job)
  elseif not waits and not redis.call('ZSCORE', high, job) then
    redis.call('ZADD', is_high and high or normal, score(now), job)
    redis.call('HDEL', jobs, job)
  end
end
return redis.status_reply('OK')
