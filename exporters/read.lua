-- Reads one partition at one instant: what changed since a reader last saw it, or everything.
-- KEYS  1 hash of units, 2 sorted set of changes
-- ARGV  1 epoch and 2 sequence the reader holds ("" and 0 for none)
-- Answers {"missing"}, {"torn"} (a key was lost: it will be published anew), or
--         {"whole" | "changes", epoch, sequence, progress, {field, value, ...}, {pane, ...}}
--         where the last list names all panes that are left, and is empty when none was taken away.
local HEAD = 5
local units, changes = KEYS[1], KEYS[2]
local head = redis.call('HMGET', units, 'epoch', 'sequence', 'progress', 'removed_at')
if not head[1] then
  return {'missing'}
end
if redis.call('HLEN', units) ~= redis.call('ZCARD', changes) + HEAD then
  return {'torn'}
end
local since = tonumber(ARGV[2])
if head[1] ~= ARGV[1] or tonumber(head[2]) < since then
  return {'whole', head[1], head[2], head[3], redis.call('HGETALL', units), {}}
end
local fields, left = {}, {}
for _, pane in ipairs(redis.call('ZRANGEBYSCORE', changes, '(' .. since, '+inf')) do
  fields[#fields + 1] = pane
  fields[#fields + 1] = redis.call('HGET', units, pane)
end
if tonumber(head[4]) > since then
  left = redis.call('ZRANGE', changes, 0, -1)
end
return {'changes', head[1], head[2], head[3], fields, left}
