;; Reads from the shared memory, and writes by the other module's function, from the table.
(module
  (import "./shared.mjs" "memory" (memory 1))
  (import "./shared.mjs" "table" (table 2 funcref))
  (func (export "read") (param $at i32) (result i32)
    (i32.load (local.get $at)))
  (func (export "write_indirectly") (param $at i32) (param $value i32)
    (call_indirect (param i32 i32) (local.get $at) (local.get $value) (i32.const 0))))
