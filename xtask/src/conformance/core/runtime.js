// What the scripts made from `.wast` files call: one function for each kind of command.
//
// Follows the specification's own `test/harness/sync_index.js`; differs from it in that a result is a line
// for the command above, only failures are printed, and messages can be compared.

const failures = [];
let passed = 0;

/** Runs one command; `work` throws what is wrong. */
function command(name, work) {
  try {
    work();
    passed++;
  } catch (error) {
    failures.push(name);
    print({ name, status: "fail", message: describe(error) });
  }
}

function print(value) {
  console.log("@conformance " + JSON.stringify(value));
}

function describe(error) {
  try {
    return error instanceof Error ? error.name + ": " + error.message : String(error);
  } catch {
    return "an object without a string";
  }
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

// ---- values ----

class Pattern {
  constructor(name, test) {
    this.name = name;
    this.test = test;
  }
  toString() {
    return this.name;
  }
}

const isObject = (value) => (typeof value === "object" || typeof value === "function") && value !== null;
const FUNC = new Pattern("a function", (value) => typeof value === "function");
const I31 = new Pattern("an i31", (value) => typeof value === "number" && (value | 0) === value);
const OBJECT = new Pattern("a struct or array", (value) => typeof value === "object" && value !== null);
const EQ = new Pattern("an eqref", (value) => OBJECT.test(value) || I31.test(value));
const NON_NULL = new Pattern("not null", (value) => value !== null && value !== undefined);
const either = (...cases) =>
  new Pattern("either of " + cases.map(show).join(", "), (value) => cases.some((one) => same(value, one)));

const externs = [];
/** `ref.extern n` and `ref.host n`. */
const extern = (n) => (externs[n] ??= { extern: n });

function same(actual, expected) {
  return expected instanceof Pattern ? expected.test(actual) : Object.is(actual, expected);
}

function show(value) {
  if (value instanceof Pattern) return String(value);
  if (typeof value === "bigint") return value + "n";
  if (Object.is(value, -0)) return "-0";
  return isObject(value) ? (externs.includes(value) ? "extern " + value.extern : typeof value) : String(value);
}

// ---- modules and instances ----

const definitions = [];
const instances = [];
const registered = { __proto__: null, spectest: spectest() };

function spectest() {
  const nothing = () => {};
  const made = (make) => {
    try {
      return make();
    } catch {
      return undefined;
    }
  };
  return {
    print: nothing, print_i32: nothing, print_i64: nothing, print_i32_f32: nothing,
    print_f64_f64: nothing, print_f32: nothing, print_f64: nothing,
    global_i32: 666, global_i64: 666n, global_f32: 666.6, global_f64: 666.6,
    table: new WebAssembly.Table({ initial: 10, maximum: 20, element: "anyfunc" }),
    table64: made(() => new WebAssembly.Table({ initial: 10n, maximum: 20n, element: "anyfunc", address: "i64" })),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
    shared_memory: made(() => new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })),
  };
}

const digits = {};
for (let digit = 0; digit < 16; digit++) digits[digit.toString(16)] = digit;

function bytes(hex) {
  const result = new Uint8Array(hex.length / 2);
  for (let i = 0; i < result.length; i++) result[i] = digits[hex[2 * i]] * 16 + digits[hex[2 * i + 1]];
  return result;
}

function compile(hex) {
  const code = bytes(hex);
  const module = new WebAssembly.Module(code);
  expect(WebAssembly.validate(code) === true, "compiles, but does not validate");
  return module;
}

function link(module) {
  const imports = {};
  for (const { module: from } of WebAssembly.Module.imports(module)) {
    Object.defineProperty(imports, from, { value: registered[from] ?? {}, configurable: true });
  }
  return new WebAssembly.Instance(module, imports);
}

function instanceOf(index) {
  expect(instances[index] !== undefined, "its module is not there");
  return instances[index];
}

const wrapperInstances = {};
/** The function `index` of the wrapper module around an instance. */
function wrapped(instance, index) {
  const wrapper = (wrapperInstances[instance] ??= new WebAssembly.Instance(
    new WebAssembly.Module(bytes(wrappers[instance])),
    { i: instanceOf(instance).exports, js: { extern, is_extern: (value, n) => (value === extern(n) ? 1 : 0) } },
  ));
  const wrong = wrapper.exports["w" + index]();
  expect(wrong === 0, `result ${wrong - 1} has other bits`);
}

const call = (instance, name, ...args) => instanceOf(instance).exports[name](...args);
const get = (instance, name) => instanceOf(instance).exports[name].value;
const instantiate = (hex) => link(compile(hex));

// ---- commands ----

function module(name, index, hex) {
  command(name, () => (instances[index] = instantiate(hex)));
}

function define(name, index, hex) {
  command(name, () => (definitions[index] = compile(hex)));
}

function instance(name, index, definition) {
  command(name, () => (instances[index] = link(definitions[definition])));
}

function register(name, index, as) {
  command(name, () => (registered[as] = instanceOf(index).exports));
}

/** An action that has to come to its end. */
function act(name, action) {
  command(name, action);
}

function returns(name, action, ...expected) {
  command(name, () => {
    const result = action();
    const actual = expected.length === 1 ? [result] : result === undefined ? [] : result;
    expect(actual.length === expected.length, `${expected.length} results expected, got ${show(result)}`);
    for (let i = 0; i < expected.length; i++) {
      expect(same(actual[i], expected[i]), `result ${i}: expected ${show(expected[i])}, got ${show(actual[i])}`);
    }
  });
}

function thrownBy(action) {
  let thrown;
  try {
    action();
  } catch (error) {
    thrown = { error };
  }
  expect(thrown !== undefined, "nothing was thrown");
  return thrown.error;
}

function throwsA(name, action, classes, text) {
  command(name, () => {
    const error = thrownBy(action);
    expect(
      classes.some((one) => error instanceof one),
      `expected a ${classes.map((one) => one.name).join(" or ")}, got ${describe(error)}`,
    );
    expect(
      text === undefined || !exactMessages || says(error.message, text),
      `expected a message that begins with \`${text}\`, got \`${error.message}\``,
    );
  });
}

/** The suite gives some messages more detail than others: `uninitialized element 2`, `null i31 reference`. */
function says(message, text) {
  const plain = text.replace(/^null .*reference$/, "null reference").replace(/ \d+$/, "");
  return message.startsWith(text) || message.startsWith(plain);
}

const trap = (name, action, text) => throwsA(name, action, [WebAssembly.RuntimeError], text);
// The JavaScript API leaves the class of a stack overflow to the engine.
const exhaustion = (name, action) => throwsA(name, action, [RangeError, WebAssembly.RuntimeError, globalThis.InternalError ?? RangeError]);
const exception = (name, action) => throwsA(name, action, [WebAssembly.Exception]);

function unlinkable(name, hex) {
  let compiled;
  const action = () => link(compiled ?? (compiled = compile(hex)));
  throwsA(name, action, [WebAssembly.LinkError]);
}

function invalid(name, hex) {
  command(name, () => {
    const code = bytes(hex);
    expect(WebAssembly.validate(code) === false, "it validates");
    const error = thrownBy(() => new WebAssembly.Module(code));
    expect(error instanceof WebAssembly.CompileError, `expected a CompileError, got ${describe(error)}`);
  });
}

function valid(name, hex) {
  command(name, () => compile(hex));
}

function finish() {
  print({ done: true, problem: null, passed });
}
