;; Calls what stands in a table.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (table (export "table") 4 funcref)
  (elem (i32.const 0) $add $mul)
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $mul (type $binary) (i32.mul (local.get 0) (local.get 1)))
  (func (export "apply") (param $which i32) (param $a i32) (param $b i32) (result i32)
    (call_indirect (type $binary) (local.get $a) (local.get $b) (local.get $which))))
