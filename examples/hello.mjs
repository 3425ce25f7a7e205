// The first program: `cargo run --release -- examples/hello.mjs`
import { platform, arch, versions } from 'node:process';

console.log(`Hello from Holm ${versions.holm} on ${platform}/${arch}`);
