// A table of functions, which JavaScript can rearrange.
import { apply, table } from './tables.wat';

console.log('apply(0, 6, 7) =', apply(0, 6, 7));
console.log('apply(1, 6, 7) =', apply(1, 6, 7));
table.set(2, table.get(0));
console.log('the same function:', table.get(2) === table.get(0), apply(2, 6, 7));
try {
  apply(3, 6, 7);
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}

// Prints:
// apply(0, 6, 7) = 13
// apply(1, 6, 7) = 42
// the same function: true 13
// RuntimeError: uninitialized element
