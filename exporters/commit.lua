-- Publishes one partition, all or nothing.
-- KEYS  1 hash of units, 2 sorted set of changes, 3 source record, 4 staging hash
-- ARGV  1 "merge" or "replace", 2 epoch, 3 least sequence expected (merge), 4 offset, 5 progress,
--       6 seconds to keep, 7 source record ("" for none), 8 fields in the staging hash,
--       9 how many names of removed panes follow, then those, then pane and unit in turn
-- Answers {"refused", offset}   a newer state is held: nothing was written
--         {"foreign"}           not what this writer left behind: publish the whole partition
--         {"lost"}              the staging hash is not whole
--         {"written", sequence}
local HEAD = 5
local units, changes, source, staging = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local mode, epoch, staged = ARGV[1], ARGV[2], tonumber(ARGV[8])
local held = redis.call('HMGET', units, 'epoch', 'sequence', 'offset')

local function answer(word, detail)
  redis.call('UNLINK', staging)
  return {word, detail}
end

if held[3] and tonumber(held[3]) > tonumber(ARGV[4]) then
  return answer('refused', held[3])
end
if mode == 'merge' then
  local ours = held[1] == epoch and tonumber(held[2]) >= tonumber(ARGV[3])
  if not ours or redis.call('HLEN', units) ~= redis.call('ZCARD', changes) + HEAD then
    return answer('foreign', '')
  end
end
if redis.call('HLEN', staging) ~= staged then
  return answer('lost', '')
end

if mode == 'replace' then
  redis.call('UNLINK', units, changes)
  if staged > 0 then
    redis.call('RENAME', staging, units)
    for _, pane in ipairs(redis.call('HKEYS', units)) do redis.call('ZADD', changes, 1, pane) end
  end
  redis.call('HSET', units, 'epoch', epoch, 'removed_at', 0)
end
local sequence = redis.call('HINCRBY', units, 'sequence', 1)

local function write(pane, unit)
  redis.call('HSET', units, pane, unit)
  redis.call('ZADD', changes, sequence, pane)
end

if mode == 'merge' and staged > 0 then
  local fields = redis.call('HGETALL', staging)
  for i = 1, #fields, 2 do write(fields[i], fields[i + 1]) end
end
local removed = tonumber(ARGV[9])
for i = 10, 9 + removed do
  redis.call('HDEL', units, ARGV[i])
  redis.call('ZREM', changes, ARGV[i])
end
if removed > 0 then
  redis.call('HSET', units, 'removed_at', sequence)
end
for i = 10 + removed, #ARGV, 2 do write(ARGV[i], ARGV[i + 1]) end

redis.call('HSET', units, 'offset', ARGV[4], 'progress', ARGV[5])
redis.call('EXPIRE', units, ARGV[6])
redis.call('EXPIRE', changes, ARGV[6])
if ARGV[7] ~= '' and redis.call('EXISTS', source) == 0 then
  redis.call('SET', source, ARGV[7])
end
redis.call('EXPIRE', source, ARGV[6])
return answer('written', sequence)
