module github.com/serin-dev/serin/hack/demo

go 1.26.0

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/prometheus/client_golang v1.25.0 // indirect
)
