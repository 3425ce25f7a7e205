// The source of a module: compiled once, instantiated as often as you like.
import source counter from './counter.wat';

const [one, two] = [1, 100].map((start) => {
  const { exports } = new WebAssembly.Instance(counter, { from: { start } });
  return exports;
});
one.next();
console.log('one:', one.next(), 'two:', two.next());

// Imported as a module, its global is a live binding.
import { count, next } from './live.wat';
next();
next();
console.log('live:', count);

// Prints:
// one: 3 two: 101
// live: 2
