module github.com/serin-dev/serin/test/decisions

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/serin-dev/serin v0.0.0
	gonum.org/v1/gonum v0.17.0
)

replace github.com/serin-dev/serin => ../..
