-- What may be wished for, by the state of the release. Each action refuses by itself what is disabled here.
local status = obj.status or {}
local rollout = status.rollout or {}
local climbing = status.phase == "Progressing"
local paused = climbing and rollout.paused == true

local actions = {}
actions["promote"] = { disabled = not climbing, displayName = "Promote without waiting for evidence" }
actions["abort"] = { disabled = not (climbing or status.phase == "Promoting"), displayName = "Abort: refuse this version" }
actions["approve"] = { disabled = not (climbing and rollout.reason == "AwaitingApproval"), displayName = "Approve this step" }
actions["pause"] = { disabled = not climbing or paused, displayName = "Pause" }
actions["resume"] = { disabled = not paused, displayName = "Resume" }
actions["retry"] = { disabled = status.phase ~= "Failed", displayName = "Try the refused version again" }
return actions
