// Compresses a mesh and reads it back. Emscripten, its classes through WebIDL.
import draco3d from 'draco3d';

const encoder = await draco3d.createEncoderModule({});
const size = 40;
const points = new Float32Array(size * size * 3);
const faces = new Uint32Array((size - 1) * (size - 1) * 6);
for (let i = 0, f = 0; i < size * size; i++) {
  const x = i % size, y = Math.floor(i / size);
  points.set([x, y, ((x * x + y * y) % 29) / 7], i * 3);
  if (x + 1 < size && y + 1 < size) faces.set([i, i + 1, i + size, i + 1, i + size + 1, i + size], 6 * f++);
}
const mesh = new encoder.Mesh(), builder = new encoder.MeshBuilder(), draco = new encoder.Encoder();
builder.AddFacesToMesh(mesh, faces.length / 3, faces);
builder.AddFloatAttributeToMesh(mesh, encoder.POSITION, size * size, 3, points);
draco.SetSpeedOptions(3, 3);
draco.SetAttributeQuantization(encoder.POSITION, 12);
draco.SetEncodingMethod(encoder.MESH_EDGEBREAKER_ENCODING);
const out = new encoder.DracoInt8Array();
const length = draco.EncodeMeshToDracoBuffer(mesh, out);
const packed = Int8Array.from({ length }, (_, i) => out.GetValue(i));
console.log(length, packed.slice(0, 16));

const decoder = await draco3d.createDecoderModule({});
const buffer = new decoder.DecoderBuffer(), reader = new decoder.Decoder(), again = new decoder.Mesh();
buffer.Init(packed, length);
console.log(reader.GetEncodedGeometryType(buffer) === decoder.TRIANGULAR_MESH, reader.DecodeBufferToMesh(buffer, again).ok());
console.log(again.num_faces(), again.num_points());
const values = new decoder.DracoFloat32Array();
reader.GetAttributeFloatForAllPoints(again, reader.GetAttribute(again, 0), values);
console.log([0, 1, 2, 3000, 4799].map((i) => values.GetValue(i).toFixed(3)));
buffer.Init(new Int8Array(20), 20);
console.log(reader.DecodeBufferToMesh(buffer, new decoder.Mesh()).error_msg());
