// Memory is an ArrayBuffer: what JavaScript writes, the module reads, with no copy.
import { memory, sum } from './memory.wat';

const numbers = new Int32Array(memory.buffer, 0, 10);
numbers.forEach((_, i) => (numbers[i] = i * i));
console.log('sum:', sum(0, numbers.length));

const before = memory.buffer;
console.log('pages before growing:', memory.grow(1));
console.log('the old buffer is detached:', before.detached, before.byteLength);
console.log('the new one:', memory.buffer.byteLength, 'bytes');

// Prints:
// sum: 285
// pages before growing: 1
// the old buffer is detached: true 0
// the new one: 131072 bytes
