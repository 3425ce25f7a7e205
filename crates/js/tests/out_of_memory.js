// A little of everything that the engine allocates for.
function all() {
class A { #p = [1, 2]; static s = new Map([[1, { a: 1 }]]); get p() { return this.#p } *[Symbol.iterator]() { yield* this.#p } }
class B extends A { constructor(...rest) { super(); this.rest = rest } async m() { for await (const x of this) await x } }
const b = new B(1, 'two', 3n ** 70n, Symbol('s'));
b.m();
const { rest: [first, ...others], ...whole } = { ...b, x: `${first0()} template` };
function first0() { return arguments.length + 'x'.repeat(300) }
[...b, ...'añ😀'].map((x) => x + whole.x).sort().join().split(',').reverse();
const re = /(?<year>\d{4})-(\p{L}+)/gu;
'2024-März 2025-mai'.replace(re, (...m) => m.at(-1).year) + [...'1-a'.matchAll(/./g)];
const weak = new WeakMap([[b, new WeakRef(b)]]);
const registry = new FinalizationRegistry(() => {}); registry.register(b, 1);
new Proxy({}, { get: (t, k) => k + 1 }).abc;
JSON.parse(JSON.stringify({ a: [1.5, null, { b: 'ü\u{1F600}' }], d: new Date(0) }, null, 2));
new Set([1, 2, 3]).union(new Set([4]));
const buffer = new ArrayBuffer(8, { maxByteLength: 4096 }); const view = new Uint8Array(buffer); buffer.resize(2000); view.fill(1); buffer.transfer();
try { null.f } catch (e) { e.stack; e.message }
const o = {}; for (let i = 0; i < 100; i++) o['k' + i] = i; for (const k in o) delete o[k];
label: for (const [k, v] of Object.entries({ a: 1, b: 2 })) { switch (v) { case 1: continue label; default: break label } }
Promise.all([1, Promise.resolve(2), new Promise((r) => r(3))]).then((v) => v.length).finally(() => {});
function* g() { try { yield 1; yield 2 } finally { yield 3 } } const it = g(); it.next(); it.return();
[3, 1, 2].toSorted().flatMap((x) => [x, x]).findLast((x) => x > 1); Object.groupBy([1, 2, 3], (x) => x % 2 ? 'odd' : 'even');
Reflect.construct(Array, [3], B); new Intl_(); function Intl_() { this.bound = first0.bind(this, 1); this.bound() }
let s = ''; for (let i = 0; i < 200; i++) s += i; s.normalize('NFD').toUpperCase().localeCompare(s); encodeURIComponent(s + '€');
using_(); function using_() { using x = { [Symbol.dispose]() {} }; return x }
new DOMException('x', 'AbortError').code; structured(); function structured() { return Array.from({ length: 20 }, (_, i) => ({ i, f: () => i })) }
}
