// Globals: those of a module, and those that JavaScript makes.
import { limit, next } from './globals.wat';

for (let n = 0; n < limit; n++) console.log('next:', next());

const speed = new WebAssembly.Global({ value: 'f64', mutable: true }, 0.5);
speed.value *= 4;
console.log('speed:', speed.value, String(new WebAssembly.Global({ value: 'i64' }, 7n).value));

// Prints:
// next: 1
// next: 2
// next: 3
// speed: 2 7
