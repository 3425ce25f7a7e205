// A module that imports from a module of JavaScript, as if it were one itself.
import { run } from './imports.wat';

console.log('it returned', run(42));

// Prints:
// the module says 42
// it returned 63
