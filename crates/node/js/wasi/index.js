// node:wasi, <https://nodejs.org/api/wasi.html>
//
// Beyond Node: folders may be in memory, standard streams functions, bytes, iterables and web streams; clock and
// chance may be given, and what may be written can be limited. With a stream that has to be awaited, `start` and
// `initialize` give promises.

(function ({ builtin, coded, inspect, invalidArgument, natives, part }) {
  const { isMemory } = natives('wasi');
  const { makeProgram } = part('wasi/program');
  const { checkInput, checkOutput, outOfRange } = part('wasi/streams');
  const { FileTree, isPlainObject, treeOf } = part('wasi/file_tree');

  const EXIT = Symbol('exit');
  const BINDINGS = { preview1: 'wasi_snapshot_preview1', unstable: 'wasi_unstable' };

  function check(name, value, type) {
    if (typeof value !== type) throw invalidArgument(name, `of type ${type}`, value);
  }
  function checkObject(name, value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalidArgument(name, 'of type object', value);
    }
  }
  function checkUndefined(name, value) {
    if (value !== undefined) throw invalidArgument(name, 'undefined', value);
  }

  function bindingOf(version) {
    check('options.version', version, 'string');
    if (Object.hasOwn(BINDINGS, version)) return BINDINGS[version];
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
      `The property 'options.version' unsupported WASI version. Received ${inspect(version)}`);
  }

  // A path, or files in memory.
  function preopenOf([guest, given]) {
    const isTree = given instanceof FileTree || isPlainObject(given);
    if (!isTree) return { guest, path: String(given), readOnly: false };
    return { guest, tree: treeOf(given instanceof FileTree ? given : new FileTree(given)), readOnly: false };
  }

  class WASI {
    #binding;
    #program;
    #isStarted = false;
    #exitCode = 0;
    #instance;

    constructor(options = {}) {
      checkObject('options', options);
      this.#binding = bindingOf(options.version);
      const { args = [], env = {}, preopens = {}, returnOnExit = true, writeLimit, clock, random } = options;
      if (!Array.isArray(args)) throw invalidArgument('options.args', 'an instance of Array', args);
      checkObject('options.env', env);
      checkObject('options.preopens', preopens);
      const { stdin = 0, stdout = 1, stderr = 2 } = options;
      checkInput('options.stdin', stdin);
      checkOutput('options.stdout', stdout);
      checkOutput('options.stderr', stderr);
      check('options.returnOnExit', returnOnExit, 'boolean');
      if (writeLimit !== undefined) {
        check('options.writeLimit', writeLimit, 'number');
        if (!(writeLimit >= 0)) throw outOfRange('options.writeLimit', '>= 0', writeLimit);
      }
      if (clock !== undefined) check('options.clock', clock, 'function');
      if (random !== undefined) check('options.random', random, 'function');

      const exit = (code) => {
        if (!returnOnExit) builtin('process').exit(code);
        this.#exitCode = code;
        throw EXIT;
      };
      this.#program = makeProgram({
        binding: this.#binding,
        args: args.map(String),
        env: Object.entries(env).filter(([, value]) => value !== undefined).flat().map(String),
        preopens: Object.entries(preopens).map(preopenOf),
        stdio: [stdin, stdout, stderr],
        writeLimit, clock, random, exit,
      });
      this.wasiImport = this.#program.imports;
    }

    finalizeBindings(instance, { memory = instance?.exports?.memory } = {}) {
      if (this.#isStarted) throw coded(Error, 'ERR_WASI_ALREADY_STARTED', 'WASI instance has already started');
      checkObject('instance', instance);
      checkObject('instance.exports', instance.exports);
      if (!isMemory(memory)) {
        throw coded(TypeError, 'ERR_INVALID_ARG_TYPE',
          '"instance.exports.memory" property must be a WebAssembly.Memory object');
      }
      this.#program.setMemory(memory);
      this.#instance = instance;
      this.#isStarted = true;
    }

    start(instance) {
      this.finalizeBindings(instance);
      const { _start, _initialize } = this.#instance.exports;
      check('instance.exports._start', _start, 'function');
      checkUndefined('instance.exports._initialize', _initialize);
      const codeOf = (error) => {
        if (error !== EXIT) throw error;
        return this.#exitCode;
      };
      const { close, isAsync } = this.#program;
      if (isAsync) return WebAssembly.promising(_start)().then(() => this.#exitCode, codeOf).finally(close);
      try {
        _start();
      } catch (error) {
        return codeOf(error);
      } finally {
        close();
      }
      return this.#exitCode;
    }

    initialize(instance) {
      this.finalizeBindings(instance);
      const { _start, _initialize } = this.#instance.exports;
      checkUndefined('instance.exports._start', _start);
      if (_initialize === undefined) return undefined;
      check('instance.exports._initialize', _initialize, 'function');
      if (this.#program.isAsync) return WebAssembly.promising(_initialize)();
      _initialize();
      return undefined;
    }

    getImportObject() {
      return { [this.#binding]: this.wasiImport };
    }
  }

  return { FileTree, WASI };
})
