-- The health of a Canary. It is never Unknown, the worst of all, and never Healthy by a status that answers an older spec or an older template.
local status = obj.status or {}
local rollout = status.rollout or {}

local function holding(kind)
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == kind and condition.status == "True" then
      return condition
    end
  end
  return nil
end

local function is(health, message)
  if message == nil or message == "" then
    message = status.phase
  end
  return { status = health, message = message }
end

if status.phase == nil or tonumber(status.observedGeneration) ~= tonumber(obj.metadata.generation) then
  return is("Progressing", "Serin has yet to look at this Canary as it is now")
end

-- What a person has to change: a refused version, or something that stands in the way.
local stalled = holding("Stalled")
if stalled ~= nil then
  return is("Degraded", stalled.message)
end

if status.phase == "Progressing" and (rollout.paused or rollout.reason == "AwaitingApproval") then
  return is("Suspended", status.message)
end

-- At rest the template that was seen last is the one that serves, or it is yet to be released.
local resting = status.phase == "Idle" or status.phase == "Succeeded"
local serving = status.observedRevision ~= nil and status.observedRevision == rollout.baseline
if resting and serving and holding("Ready") ~= nil then
  return is("Healthy", status.message)
end
return is("Progressing", status.message)
