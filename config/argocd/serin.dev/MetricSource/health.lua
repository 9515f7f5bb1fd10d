-- The health of a MetricSource. It is never Unknown, the worst of all, and never Healthy by a status that answers an older spec.
local status = obj.status or {}
local ready = nil
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  end
end

if ready == nil or tonumber(status.observedGeneration) ~= tonumber(obj.metadata.generation) then
  return { status = "Progressing", message = "Serin has yet to ask this backend as it is configured now" }
end
if ready.status ~= "True" then
  return { status = "Degraded", message = ready.reason .. ": " .. ready.message }
end
return { status = "Healthy", message = ready.message }
