-- Goes up the remaining steps without waiting for evidence, and without being stopped by it.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Progressing") then
  error("nothing to promote: no candidate is on its way up", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["promote"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/promote"] = value
return obj
