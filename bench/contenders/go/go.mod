module tidings-bench

go 1.19
