;; Adds four numbers at a time.
(module
  (memory (export "memory") 1)
  (func (export "add4") (param $a i32) (param $b i32) (param $to i32)
    (v128.store (local.get $to)
      (f32x4.add (v128.load (local.get $a)) (v128.load (local.get $b))))))
