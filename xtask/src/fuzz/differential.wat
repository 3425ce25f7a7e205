;; What a module may import that Holm and plain Wasmtime both run.
(module
  (import "m" "log" (func (param i32)))
  (import "m" "int" (func (param i32 i64) (result i32)))
  (import "m" "two" (func (param f64) (result i64 f64)))
  (import "m" "ref" (func (param externref) (result externref)))
  (import "m" "memory" (memory 1 4))
  (import "m" "table" (table 4 16 funcref))
  (import "m" "global" (global (mut i64)))
  (import "m" "number" (global f64))
  (import "m" "tag" (tag (param i32))))
