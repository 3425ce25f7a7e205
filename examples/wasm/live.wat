;; Counts, and shows how far it is.
(module
  (global $count (export "count") (mut i32) (i32.const 0))
  (func (export "next")
    (global.set $count (i32.add (global.get $count) (i32.const 1)))))
