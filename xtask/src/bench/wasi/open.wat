;; Opens `data` in the first preopened folder for reading and closes it, 10 000 times.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close"
    (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 1)
  ;; At 0 goes the descriptor.
  (data (i32.const 16) "data")
  (func (export "_start")
    (local $left i32)
    (local.set $left (i32.const 10000))
    (loop $again
      (if (call $path_open
            (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
            (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))
        (then (unreachable)))
      (if (call $fd_close (i32.load (i32.const 0)))
        (then (unreachable)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
