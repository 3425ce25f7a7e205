;; Reads `data`, of 100 MiB, from the first preopened folder in pieces of 64 KiB.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  ;; An iovec of the second page; at 8 goes how many were read, at 12 the descriptor.
  (data (i32.const 0) "\00\00\01\00\00\00\01\00")
  (data (i32.const 16) "data")
  (func (export "_start")
    (local $total i32)
    (if (call $path_open
          (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 12))
      (then (unreachable)))
    (loop $again
      (if (call $fd_read (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8))
        (then (unreachable)))
      (local.set $total (i32.add (local.get $total) (i32.load (i32.const 8))))
      (br_if $again (i32.load (i32.const 8))))
    (if (i32.ne (local.get $total) (i32.const 104857600))
      (then (unreachable)))))
