-- Takes the traffic off the candidate, which is refused.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Progressing" or status.phase == "Promoting") then
  error("nothing to abort: no candidate is on its way up", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["abort"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/abort"] = value
return obj
