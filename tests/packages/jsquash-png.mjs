// Encodes and decodes a picture as PNG. Rust through wasm-bindgen, for the web.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import decode, { init as initDecoder } from '@jsquash/png/decode.js';
import encode, { init as initEncoder } from '@jsquash/png/encode.js';

globalThis.ImageData ??= class { constructor(data, width, height) { Object.assign(this, { data, width, height }); } };
const module = await WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve('@jsquash/png/codec/pkg/squoosh_png_bg.wasm')));
await initEncoder(module);
await initDecoder(module);
const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
const width = 80, height = 60;
const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => ((i >> 2) * (4 - (i % 4))) & 255);
const packed = new Uint8Array(await encode({ data, width, height }));
console.log(packed.length, packed.slice(0, 8), digest(packed));
const image = await decode(packed.buffer);
console.log(image.width, image.height, digest(image.data) === digest(data));
await decode(packed.slice(0, 100).buffer).catch((error) => console.log(String(error)));
