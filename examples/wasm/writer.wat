;; Writes into the shared memory, and puts a function into the shared table.
(module
  (import "./shared.mjs" "memory" (memory 1))
  (import "./shared.mjs" "table" (table 2 funcref))
  (import "./shared.mjs" "calls" (global $calls (mut i64)))
  (elem (i32.const 0) $write)
  (func $write (export "write") (param $at i32) (param $value i32)
    (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
    (i32.store (local.get $at) (local.get $value))))
