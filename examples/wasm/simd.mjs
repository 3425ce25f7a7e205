// SIMD: vectors go through memory, JavaScript sees the numbers in them.
import { add4, memory } from './simd.wat';

const floats = new Float32Array(memory.buffer);
floats.set([1, 2, 3, 4, 10, 20, 30, 40]);
add4(0, 16, 32);
console.log(...floats.subarray(8, 12));

// Prints:
// 11 22 33 44
