// Simplifies, reorders and packs a mesh. C++ by clang alone, with SIMD, its module in a text of its own code.
import { MeshoptDecoder, MeshoptEncoder, MeshoptSimplifier } from 'meshoptimizer';

const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
await Promise.all([MeshoptDecoder.ready, MeshoptEncoder.ready, MeshoptSimplifier.ready]);
console.log(MeshoptDecoder.supported, MeshoptEncoder.supported, MeshoptSimplifier.supported);
const size = 32;
const points = new Float32Array(size * size * 3);
const indices = new Uint32Array((size - 1) * (size - 1) * 6);
for (let i = 0, f = 0; i < size * size; i++) {
  const x = i % size, y = Math.floor(i / size);
  points.set([x, y, x > 8 && x < 20 ? ((x * y) % 11) / 9 : 0], i * 3);
  if (x + 1 < size && y + 1 < size) indices.set([i, i + 1, i + size, i + 1, i + size + 1, i + size], 6 * f++);
}
const [simple, error] = MeshoptSimplifier.simplify(indices, points, 3, 1500, 0.05);
console.log(simple.length, error.toFixed(5));
const [remap, unique] = MeshoptEncoder.reorderMesh(indices.slice(), true, true);
console.log(unique, remap.slice(0, 6));
const packed = MeshoptEncoder.encodeGltfBuffer(new Uint8Array(points.buffer), size * size, 12, 'ATTRIBUTES');
console.log(packed.length, digest(packed));
const unpacked = new Uint8Array(points.byteLength);
MeshoptDecoder.decodeGltfBuffer(unpacked, size * size, 12, packed, 'ATTRIBUTES');
console.log(Buffer.compare(unpacked, new Uint8Array(points.buffer)));
try {
  MeshoptDecoder.decodeGltfBuffer(unpacked, size * size, 12, packed.subarray(0, 50), 'ATTRIBUTES');
} catch (e) {
  console.log(e.message);
}
