// `holm module.wasm`: a command or a reactor of WASI, or one of its functions.

(function ({ builtin, coded, natives, part }) {
  const { isMemory, memoryOf, signatureOf } = natives('wasi');
  const { makeProgram } = part('wasi/program');
  const { reallyExit } = builtin('process');

  const BINDINGS = ['wasi_snapshot_preview1', 'wasi_unstable'];

  const list = (names) => (names.length === 0 ? 'none' : names.join(', '));
  const wrong = (text) => coded(Error, 'ERR_INVALID_ARG_VALUE', text);

  const INTEGERS = { i32: 32n, i64: 64n };
  function parse(text, type, name) {
    const refuse = () => wrong(`${JSON.stringify(text)} is no ${type}: ${name} takes one there`);
    if (Object.hasOwn(INTEGERS, type)) {
      if (!/^[+-]?(\d+|0x[\da-f]+)$/i.test(text)) throw refuse();
      const digits = BigInt(text.replace(/^[+-]/, ''));
      const value = text[0] === '-' ? -digits : digits;
      const bits = INTEGERS[type];
      // Both signed and unsigned numbers are what somebody may mean.
      if (value < -(1n << (bits - 1n)) || value >= 1n << bits) throw refuse();
      return type === 'i64' ? BigInt.asIntN(64, value) : Number(BigInt.asIntN(32, value));
    }
    if (type !== 'f32' && type !== 'f64') {
      throw wrong(`${name} takes a value of type ${type}, which cannot be given on the command line`);
    }
    const value = Number(text);
    if (text.trim() === '' || (Number.isNaN(value) && text !== 'NaN')) throw refuse();
    return value;
  }

  function invoke(module, exports, name, given) {
    const signature = signatureOf(module, name);
    if (signature === undefined) {
      const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function');
      throw wrong(`the module exports no function ${JSON.stringify(name)}; it exports: ${
        list(functions.map((each) => each.name))}`);
    }
    const { parameters } = signature;
    if (given.length !== parameters.length) {
      throw wrong(`${name} takes ${parameters.length} arguments (${list(parameters)}), but ${given.length} are given`);
    }
    const results = exports[name](...given.map((text, index) => parse(text, parameters[index], name)));
    const all = signature.results.length > 1 ? results : signature.results.length === 1 ? [results] : [];
    for (const result of all) console.log(String(result));
  }

  // What a module is says one of two functions, which take and give nothing.
  function isEntry(module, name) {
    const signature = signatureOf(module, name);
    if (signature === undefined) return false;
    const { parameters, results } = signature;
    if (parameters.length + results.length === 0) return true;
    throw wrong(`${name} takes (${parameters.join(', ')}) and gives (${results.join(', ')}): it has to do neither`);
  }
  function kindOf(module) {
    const isCommand = isEntry(module, '_start'), isReactor = isEntry(module, '_initialize');
    if (isCommand && isReactor) {
      throw wrong('the module exports both _start and _initialize: it cannot be a command and a reactor at once');
    }
    return isCommand ? 'command' : isReactor ? 'reactor' : undefined;
  }

  function checkThreads(module, invoked) {
    if (invoked !== undefined) throw wrong('--invoke calls no functions of modules with threads');
    if (!memoryOf(module)?.shared) throw wrong('a module with threads has to import a shared memory: link it with --import-memory');
    const entry = signatureOf(module, 'wasi_thread_start');
    if (entry?.parameters.join() !== 'i32,i32' || entry.results.length > 0) {
      throw wrong('a module with threads has to export wasi_thread_start, which takes (i32, i32)');
    }
  }

  // `args` begin with the program's name; of a function that is invoked, they are its arguments.
  return function run(module, { args, env, preopens, stdin, invoked }) {
    const kind = kindOf(module);
    // Only the low byte of a code reaches the system: none that says no shall become 0.
    const exit = (code) => reallyExit(Math.min(code, 255));
    const stdio = [stdin === undefined ? 0 : builtin('fs').openSync(stdin), 1, 2];
    const given = invoked === undefined ? args : args.slice(0, 1);
    const wanted = WebAssembly.Module.imports(module);
    const hasThreads = wanted.some((one) => one.module === 'wasi' && one.name === 'thread-spawn');
    const isKnown = (one) => BINDINGS.includes(one.module)
      || (hasThreads && (one.module === 'wasi' || one.kind === 'memory'));
    const stranger = wanted.find((one) => !isKnown(one));
    if (stranger !== undefined) {
      throw coded(WebAssembly.LinkError, 'ERR_WASI_UNKNOWN_IMPORT',
        `the module imports ${JSON.stringify(stranger.name)} from ${JSON.stringify(stranger.module)}, which is not part `
        + 'of WASI: import the module from a script that has it');
    }
    const binding = BINDINGS.find((name) => wanted.some((one) => one.module === name)) ?? BINDINGS[0];
    const program = makeProgram({ binding, args: given, env, preopens, stdio, exit });
    if (hasThreads) {
      checkThreads(module, invoked);
      part('wasi/threads')(module, binding, program);
      return;
    }
    const { imports, setMemory } = program;
    const { exports } = new WebAssembly.Instance(module, { [binding]: imports });
    // Without a memory there are functions of which some can be used all the same.
    setMemory(isMemory(exports.memory) ? exports.memory : new WebAssembly.Memory({ initial: 0 }));
    if (kind === 'command' && invoked === undefined) {
      exports._start();
      return;
    }
    if (kind === 'reactor') exports._initialize();
    if (invoked !== undefined) invoke(module, exports, invoked, args.slice(1));
  };
})
