;; Throws an exception of its own, and catches what JavaScript throws.
(module
  (import "./thrower.mjs" "fail" (func $fail))
  (tag $too_big (export "too_big") (param i32))
  (func (export "check") (param $n i32)
    (if (i32.gt_s (local.get $n) (i32.const 10))
      (then (throw $too_big (local.get $n)))))
  (func (export "survive") (result i32)
    (block $caught
      (try_table (catch_all $caught) (call $fail))
      (return (i32.const 0)))
    (i32.const 1)))
