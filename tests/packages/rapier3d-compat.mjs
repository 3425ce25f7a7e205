// Drops a pile of boxes and balls. Rust through wasm-bindgen for the web, inlined as base64.
import RAPIER from '@dimforge/rapier3d-compat';

const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
await RAPIER.init();
const world = new RAPIER.World({ x: 0, y: -9.81, z: 0 });
world.createCollider(RAPIER.ColliderDesc.cuboid(10, 0.1, 10));
const bodies = Array.from({ length: 20 }, (_, i) => {
  const desc = RAPIER.RigidBodyDesc.dynamic().setTranslation((i % 3) * 0.4, 1 + i, (i % 2) * 0.3);
  const body = world.createRigidBody(desc);
  world.createCollider(i % 2 ? RAPIER.ColliderDesc.ball(0.5) : RAPIER.ColliderDesc.cuboid(0.5, 0.5, 0.5), body);
  return body;
});
const events = new RAPIER.EventQueue(true);
let contacts = 0;
for (let step = 0; step < 120; step++) {
  world.step(events);
  world.forEachCollider(() => contacts++);
}
console.log(RAPIER.version(), contacts, bodies.length);
for (const body of bodies.slice(0, 4)) {
  const { x, y, z } = body.translation();
  console.log(x.toFixed(4), y.toFixed(4), z.toFixed(4));
}
const hit = world.castRay(new RAPIER.Ray({ x: 0, y: 50, z: 0 }, { x: 0, y: -1, z: 0 }), 100, true);
console.log(hit.timeOfImpact.toFixed(4));
console.log(digest(world.takeSnapshot()));
