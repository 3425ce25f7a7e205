// Exceptions go through both worlds.
import { check, survive, too_big } from './exceptions.wat';

check(10);
try {
  check(11);
} catch (exception) {
  console.log('an exception:', exception instanceof WebAssembly.Exception);
  console.log('is too_big:', exception.is(too_big), 'with', exception.getArg(too_big, 0));
}
console.log('the module caught what JavaScript threw:', survive() === 1);

// Prints:
// an exception: true
// is too_big: true with 11
// the module caught what JavaScript threw: true
