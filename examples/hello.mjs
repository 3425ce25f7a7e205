// The first program: `cargo run --release -- examples/hello.mjs`
import { platform, arch, versions } from 'node:process';
import { add } from './add.wat';

console.log(`Hello from Holm ${versions.holm} on ${platform}/${arch}`);
console.log(`77 + 88 = ${add(77, 88)}, says WebAssembly`);
