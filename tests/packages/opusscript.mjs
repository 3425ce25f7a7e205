// Encodes a tone with Opus and decodes it. C++ through an old embind, loaded by CommonJS.
import OpusScript from 'opusscript';

const rate = 48_000, frame = 960;
const codec = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
codec.setBitrate(64_000);
let packed = 0, energy = 0;
for (let n = 0; n < 10; n++) {
  const pcm = Buffer.alloc(frame * 2 * 2);
  for (let i = 0; i < frame; i++) {
    const value = ((n * frame + i) * 440 * 2) % rate;
    pcm.writeInt16LE(Math.round(value / 3) - 8000, i * 4);
    pcm.writeInt16LE(8000 - Math.round(value / 3), i * 4 + 2);
  }
  const packet = codec.encode(pcm, frame);
  packed += packet.length;
  const out = codec.decode(packet);
  for (let i = 0; i < out.length; i += 2) energy += Math.abs(out.readInt16LE(i));
  if (n === 4) console.log(packet.length, packet.toString('hex', 0, 12), out.length, out.toString('hex', 1000, 1016));
}
console.log(packed, energy);
try {
  new OpusScript(44_100);
} catch (error) {
  console.log(error.message);
}
codec.delete();
