// Unpacks Zstandard. Emscripten's standalone mode, with glue by hand.
import { ZSTDDecoder } from 'zstddec';

const decoder = new ZSTDDecoder();
await decoder.init();
// A raw block, then a run of one byte: frames written by hand.
const frame = (...blocks) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xf4, 0x01, 0, 0, ...blocks.flat());
const block = (last, type, size, data) => [((size << 3) | (type << 1) | last) & 255, (size >> 5) & 255, size >> 13, ...data];
const text = [...Buffer.from('hölm '.repeat(20))];
console.log(text.length);
const packed = frame(block(0, 0, 120, text), block(1, 1, 380, [0x2e]));
console.log(Buffer.from(decoder.decode(packed)).toString());
console.log(decoder.decode(packed, 500).length);
