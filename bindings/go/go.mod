module github.com/askel-s4/askel-s4/bindings/go

go 1.19
