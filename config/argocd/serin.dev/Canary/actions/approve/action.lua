-- Passes the step that waits for approval.
local status = obj.status or {}
local rollout = status.rollout or {}
if not (status.phase == "Progressing" and rollout.reason == "AwaitingApproval") then
  error("nothing to approve: no step waits for approval", 0)
end

-- The value is the revision meant, made new where Serin has acted on the plain one before.
local value = rollout.candidate or error("no revision is under test", 0)
if (rollout.acknowledged or {})["approve"] == value then
  value = value .. "@" .. obj.metadata.resourceVersion
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["serin.dev/approve"] = value
return obj
