;; Calls functions of JavaScript.
(module
  (import "./host.mjs" "log" (func $log (param i32)))
  (import "./host.mjs" "scale" (func $scale (param f64) (result f64)))
  (func (export "run") (param $n i32) (result f64)
    (call $log (local.get $n))
    (call $scale (f64.convert_i32_s (local.get $n)))))
