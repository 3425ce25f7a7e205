// Copying values with everything in them, and moving buffers.
const plan = { title: 'Trip', days: new Map([[1, new Date(0)]]), tags: new Set(['sea']) };
plan.self = plan;

const copy = structuredClone(plan);
console.log(copy.self === copy, copy.days.get(1), copy.tags.has('sea'));

// A buffer that is transferred is not copied: it moves, and is empty where it was.
const bytes = new Uint8Array([1, 2, 3]);
const moved = structuredClone(bytes, { transfer: [bytes.buffer] });
console.log(moved, bytes.length);

// Shared memory stays shared.
const counter = new Int32Array(new SharedArrayBuffer(4));
const same = structuredClone(counter);
Atomics.add(counter, 0, 5);
console.log(same[0]);

// Functions and the like cannot go along; the error says what it was.
try {
  structuredClone({ callback: () => 1 });
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}

// Prints:
// true 1970-01-01T00:00:00.000Z true
// Uint8Array(3) [ 1, 2, 3 ] 0
// 5
// DataCloneError: () => 1 could not be cloned.
