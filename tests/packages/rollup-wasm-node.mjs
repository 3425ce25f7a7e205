// Bundles with rollup, whose parser is Rust compiled to WebAssembly.
import { rollup } from '@rollup/wasm-node';

const files = {
  main: `import { used } from 'lib'; import('later').then(console.log); export default used();`,
  lib: `export const used = () => 'used'; export const unused = () => 'unused'; /*#__PURE__*/ unused();`,
  later: `export const answer = 42;`,
};
const bundle = await rollup({
  input: 'main',
  plugins: [{ name: 'memory', resolveId: (id) => (id in files ? id : null), load: (id) => files[id] }],
});
const { output } = await bundle.generate({ format: 'es' });
for (const chunk of output) console.log(`// ${chunk.fileName}\n${chunk.code}`);
await bundle.close();
try {
  await rollup({ input: 'bad', plugins: [{ resolveId: (id) => id, load: () => 'let x = ;' }] });
} catch (error) {
  console.log(error.code, error.loc?.line, error.loc?.column);
}
