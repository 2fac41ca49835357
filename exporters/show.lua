-- Lets exporters read another state, unless one that stands further is shown.
-- KEYS  1 source record, then the hash of units of each partition of the state that is shown
-- ARGV  1 source record as it was read ("" for none), 2 the new one, 3 seconds to keep,
--       4 "anyway" to be behind, then the new state's offset of each partition
-- Answers 1, or 0 when nothing was done
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
for i = 2, #KEYS do
  local offset = tonumber(redis.call('HGET', KEYS[i], 'offset') or 0)
  if offset > tonumber(ARGV[i + 3]) and ARGV[4] ~= 'anyway' then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
