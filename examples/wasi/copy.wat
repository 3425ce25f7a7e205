;; Shows note.txt in its folder, and copies it to copy.txt. It knows of no other files.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "note.txt")
  (data (i32.const 120) "copy.txt")
  (data (i32.const 140) "the note cannot be read\n")
  (data (i32.const 170) "the copy cannot be written\n")

  (global $folder i32 (i32.const 3)) ;; The first folder that it was given.
  (global $may_read i64 (i64.const 2))
  (global $may_write i64 (i64.const 64))
  (global $make i32 (i32.const 9)) ;; If it is missing, and emptied otherwise.

  ;; A piece of memory as the functions take it, at 0.
  (func $piece (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length)))

  (func $fail (param $at i32) (param $length i32)
    (call $piece (local.get $at) (local.get $length))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 1)))

  (func (export "_start")
    (if (call $open (global.get $folder) (i32.const 0) (i32.const 100) (i32.const 8)
          (i32.const 0) (global.get $may_read) (i64.const 0) (i32.const 0) (i32.const 16))
      (then (call $fail (i32.const 140) (i32.const 24))))
    (call $piece (i32.const 1000) (i32.const 4000))
    (drop (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $piece (i32.const 1000) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (call $open (global.get $folder) (i32.const 0) (i32.const 120) (i32.const 8)
          (global.get $make) (global.get $may_write) (i64.const 0) (i32.const 0) (i32.const 16))
      (then (call $fail (i32.const 170) (i32.const 27))))
    (drop (call $write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)))))
