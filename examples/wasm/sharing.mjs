// Two instances with one memory, one table and one global between them.
import { calls, memory } from './shared.mjs';
import { write } from './writer.wat';
import { read, write_indirectly } from './reader.wat';

write(0, 1234);
console.log('the other instance reads', read(0));
write_indirectly(4, 5678);
console.log('and wrote', new Uint32Array(memory.buffer)[1], 'by a function from the table');
console.log('calls counted in the global:', calls.value);

// Prints:
// the other instance reads 1234
// and wrote 5678 by a function from the table
// calls counted in the global: 2n
