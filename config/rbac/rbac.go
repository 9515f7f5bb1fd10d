// Package rbac brings the rules that the operator works by, for programs that ask whether they are granted.
package rbac

import _ "embed"

// Roles are the rules as YAML, generated from the markers beside the code: a ClusterRole for where the operator acts, and a Role for its own namespace.
//
//go:embed role.yaml
var Roles []byte
