;; Counts primes in a range that a shared counter hands out, one piece at a time.
(module
  (import "env" "memory" (memory 1 1 shared))

  ;; Word 0 of the memory: where the next piece begins. Word 1: how many primes there are so far.
  (func (export "count") (param $end i32) (param $piece i32)
    (local $n i32) (local $stop i32) (local $found i32)
    (loop $pieces
      (local.set $n (i32.atomic.rmw.add (i32.const 0) (local.get $piece)))
      (if (i32.lt_u (local.get $n) (local.get $end))
        (then
          (local.set $stop (i32.add (local.get $n) (local.get $piece)))
          (if (i32.gt_u (local.get $stop) (local.get $end))
            (then (local.set $stop (local.get $end))))
          (local.set $found (i32.const 0))
          (loop $numbers
            (local.set $found (i32.add (local.get $found) (call $is_prime (local.get $n))))
            (br_if $numbers
              (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (local.get $stop))))
          (drop (i32.atomic.rmw.add (i32.const 4) (local.get $found)))
          (br $pieces)))))

  (func $is_prime (param $n i32) (result i32)
    (local $divisor i32)
    (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (i32.const 0))))
    (local.set $divisor (i32.const 2))
    (loop $next
      (if (i32.gt_u (i32.mul (local.get $divisor) (local.get $divisor)) (local.get $n))
        (then (return (i32.const 1))))
      (if (i32.eqz (i32.rem_u (local.get $n) (local.get $divisor)))
        (then (return (i32.const 0))))
      (local.set $divisor (i32.add (local.get $divisor) (i32.const 1)))
      (br $next))
    (unreachable)))
