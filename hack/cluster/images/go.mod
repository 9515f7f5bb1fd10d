module github.com/serin-dev/serin/hack/cluster/images

go 1.26.0
