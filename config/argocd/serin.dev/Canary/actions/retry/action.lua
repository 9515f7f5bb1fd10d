-- Tries the refused version once more.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Failed") then
  error("nothing to try again: no version is refused", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["retry"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/retry"] = value
return obj
