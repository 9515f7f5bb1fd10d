-- Keeps the weight where it is. Evidence against the candidate still rolls it back.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Progressing" and not rollout.paused) then
  error("nothing to pause: no candidate is on its way up, or it is paused already", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["pause"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/pause"] = value
return obj
