// Bundles and minifies a small TypeScript project with esbuild, a Go program.
// holm: --allow-run=node --allow-read
import * as esbuild from 'esbuild-wasm';

const files = {
  'main.ts': `import { area, type Shape } from './shapes.ts';
    import data from './data.json';
    const shapes: Shape[] = data.map(([w, h]) => ({ w, h }));
    export default shapes.map(area).reduce((a, b) => a + b);`,
  'shapes.ts': `export interface Shape { w: number; h: number }
    export const area = ({ w, h }: Shape): number => w * h;
    export const unused = () => 'shaken out';`,
  'data.json': '[[1, 2], [3, 4]]',
};

const inMemory = {
  name: 'in-memory',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path }) => ({
      path: path.replace('./', ''),
      namespace: 'memory',
    }));
    build.onLoad({ filter: /.*/, namespace: 'memory' }, ({ path }) => ({
      contents: files[path],
      loader: path.endsWith('.json') ? 'json' : 'ts',
    }));
  },
};

const { outputFiles } = await esbuild.build({
  entryPoints: ['main.ts'],
  plugins: [inMemory],
  bundle: true,
  write: false,
  format: 'esm',
});
console.log(outputFiles[0].text);
const { code } = await esbuild.transform('const answer: number = 6 * 7; console.log(answer ?? 0)', {
  loader: 'ts',
  minify: true,
});
console.log(code.trim());
try {
  await esbuild.transform('let = ;');
} catch (error) {
  console.log(error.errors[0].text);
}
await esbuild.stop();
