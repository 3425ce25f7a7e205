// Merges two changes of one document. Rust through wasm-bindgen, chosen by a condition of its exports.
import * as Automerge from '@automerge/automerge';

let one = Automerge.from({ title: 'Hölm', items: [{ n: 1 }], when: new Date(0), bytes: Uint8Array.of(1, 2), count: new Automerge.Counter(3) }, { actor: 'aa' });
let two = Automerge.clone(one, { actor: 'bb' });
one = Automerge.change(one, { time: 0 }, (doc) => {
  doc.items.push({ n: 2, deep: { yes: true } });
  Automerge.splice(doc, ['title'], 1, 1, 'o');
  doc.count.increment(2);
});
two = Automerge.change(two, { message: 'mine', time: 0 }, (doc) => {
  doc.items.unshift({ n: 0 });
  doc.title = 'other';
  doc.count.decrement();
});
const merged = Automerge.merge(one, two);
console.log(merged, merged.count.value);
console.log(Automerge.getConflicts(merged, 'title'));
console.log(Automerge.getHistory(merged).length, Automerge.diff(merged, [], Automerge.getHeads(merged)).length);
const again = Automerge.load(Automerge.save(merged));
console.log(Automerge.equals(again, merged), Automerge.getAllChanges(again).map((change) => Automerge.decodeChange(change).message));
try {
  Automerge.load(new Uint8Array(20));
} catch (error) {
  console.log(String(error));
}
