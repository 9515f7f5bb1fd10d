// Package e2e holds journeys through the whole house: a real API server, kubelet, gateway and Prometheus, the operator in a pod, and people with kubectl.
//
// Each journey has a namespace, an app and a load of its own. Everything that happens in the namespace is kept in a [journal], in the order in which the
// API server stored it. Waits look at its end; what must hold at every moment (the weight never above the plan, enough pods behind every backend, nothing
// unjudged shipped) is found out afterwards by replaying all of it, so that no state is missed and none is seen in the wrong order.
//
// test/e2e/run brings up what the journeys need and runs them.
package e2e
