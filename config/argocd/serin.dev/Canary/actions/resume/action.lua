-- Ends a pause.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Progressing" and rollout.paused) then
  error("nothing to resume: the release is not paused", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["resume"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/resume"] = value
return obj
