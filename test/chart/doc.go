// Package chart tests the Helm chart in charts/serin: what it renders, what it shares with config/, and what becomes of it on a real API server. It is a module of its
// own, so that Helm's library is no dependency of the product.
package chart
