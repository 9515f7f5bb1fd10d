// Package crd brings the CustomResourceDefinitions of this repository, for programs that check objects without a cluster.
package crd

import "embed"

// Bases holds them, generated from api/, a file each under bases/.
//
//go:embed bases/*.yaml
var Bases embed.FS
