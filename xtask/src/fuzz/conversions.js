// What the statements of a case have at hand. `bytes` is the module of `conversions.wat`, `stringBytes` that of
// `conversions_strings.wat`.
'use strict';
const made = [];
let depth = 0;

/** Runs one statement. Whatever it throws is a value for others. */
function attempt(statement) {
  let value;
  try {
    value = statement();
    if (value instanceof Promise) value.then((value) => made.push(value), (error) => made.push(error));
  } catch (error) {
    value = error;
  }
  if (made.length < 200) made.push(value);
  return value;
}

/** Comes back from within a conversion, but not for ever. */
function again(statement) {
  if (depth > 3) return 0;
  depth++;
  try {
    return attempt(statement);
  } finally {
    depth--;
  }
}

/** One of the things that statements have made, or nothing. */
const get = (index) => made[index % (made.length || 1)];

const memory = new WebAssembly.Memory({ initial: 1, maximum: 8 });
const table = new WebAssembly.Table({ element: 'externref', initial: 2, maximum: 20 });
const global = new WebAssembly.Global({ value: 'externref', mutable: true }, null);
const tag = new WebAssembly.Tag({ parameters: ['i32', 'externref'] });
const m = { memory, table, global, tag, number: 1.5 };
/** What each imported function does, by its name. */
const acts = Object.create(null);
for (const name of ['i32', 'i64', 'f32', 'f64', 'many', 'extern', 'some', 'func', 'any', 'eq', 'i31', 'struct',
  'typed', 'none', 'v128']) m[name] = (...given) => (acts[name] ? acts[name](...given) : given[0]);
const module = new WebAssembly.Module(bytes);
const instance = new WebAssembly.Instance(module, { m });
const e = instance.exports;
const strings = new WebAssembly.Module(stringBytes, { builtins: ['js-string'], importedStringConstants: "'" });
const s = new WebAssembly.Instance(strings, {}).exports;
const exception = new WebAssembly.Exception(tag, [1, {}]);
const revoked = Proxy.revocable(function () {}, {});
revoked.revoke();
