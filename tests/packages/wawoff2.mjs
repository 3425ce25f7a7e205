// Packs a font as WOFF2 and unpacks it. C++ and Brotli through an old Emscripten.
import wawoff2 from 'wawoff2';

// A font of made-up tables, none of which WOFF2 transforms.
const tables = ['OS/2', 'cmap', 'cvt ', 'fpgm', 'head', 'name', 'post'];
const size = 400, font = Buffer.alloc(12 + 16 * tables.length + size * tables.length);
font.writeUInt32BE(0x00010000, 0);
font.writeUInt16BE(tables.length, 4);
tables.forEach((name, index) => {
  const at = 12 + 16 * index, start = 12 + 16 * tables.length + size * index;
  font.write(name, at, 'latin1');
  font.writeUInt32BE(start, at + 8);
  font.writeUInt32BE(size, at + 12);
  for (let i = 0; i < size; i++) font[start + i] = (i * index) & 63;
});
const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
const packed = await wawoff2.compress(font);
console.log(font.length, packed.length, Buffer.from(packed).toString('latin1', 0, 4), digest(packed));
const unpacked = await wawoff2.decompress(packed);
console.log(unpacked.length, digest(unpacked));
await wawoff2.decompress(Buffer.alloc(100)).catch((error) => console.log(error.message));
