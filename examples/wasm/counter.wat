;; Counts from what it is given.
(module
  (import "from" "start" (global $start i32))
  (global $count (mut i32) (global.get $start))
  (func (export "next") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count)))
