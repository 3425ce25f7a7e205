// Draws an SVG to a PNG. Rust through wasm-bindgen.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

await initWasm(readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">
  <defs><linearGradient id="g"><stop stop-color="#06c"/><stop offset="1" stop-color="#fc0"/></linearGradient></defs>
  <rect width="200" height="100" fill="url(#g)"/>
  <circle cx="60" cy="50" r="40" fill="white" fill-opacity="0.5" stroke="black"/>
  <path d="M100 10 L190 90 Q 120 90 100 10 Z" fill="crimson"/>
</svg>`;
const resvg = new Resvg(svg, { fitTo: { mode: 'width', value: 400 } });
console.log(resvg.width, resvg.height);
const image = resvg.render();
const png = image.asPng();
console.log(image.width, image.height, image.pixels.length, png.slice(1, 4));
console.log(createHash('sha256').update(png).digest('hex'));
try {
  new Resvg('<svg');
} catch (error) {
  console.log(String(error));
}
