// ES modules, CommonJS, JSON and TypeScript in one program.
import { area } from './shapes.ts';
import { join } from './text.cjs';
import palette from './palette.json' with { type: 'json' };

const { default: late } = await import('./late.mjs');

console.log(join(['area:', area({ width: 3, height: 4 })]));
console.log(join(['first colour:', palette.colours[0]]));
console.log(late(import.meta.filename.endsWith('main.mjs')));
