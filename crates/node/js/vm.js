// node:vm, <https://nodejs.org/api/vm.html>. A context has a global object of its own; the object that it was made
// of is seen through it: names of that object are accessors of the global object, names that
// it has not (yet) are looked for, and made, by the global object's prototype.

(function ({ check, coded, evaluate, globalNames, invalidArgument, missing, nameScope, newRealm, outOfRange, within }) {
  const USE_MAIN_CONTEXT_DEFAULT_LOADER = Symbol('vm_dynamic_import_main_context_default');
  const DONT_CONTEXTIFY = Symbol('vm_context_no_contextify');
  // What the engine has on every global object, and ECMAScript has not.
  const NOT_ECMASCRIPT = ['DOMException', 'navigator', 'performance', 'queueMicrotask'];
  const MAX_TIMEOUT_MS = 2 ** 32 - 1;

  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
  const has = (object, key) => Reflect.getOwnPropertyDescriptor(object, key) !== undefined;

  class Context {
    #sandbox;
    #global;
    #evaluate;
    // The names of the sandbox that are accessors of the global object.
    #bound = new Set();
    // What the global object began with.
    #initial = new Map();

    constructor(sandbox) {
      const { global, evaluate } = newRealm();
      for (const name of NOT_ECMASCRIPT) delete global[name];
      Object.defineProperty(global, 'WebAssembly', { value: WebAssembly, writable: true, configurable: true });
      this.#global = global;
      this.#evaluate = evaluate;
      this.#sandbox = sandbox === DONT_CONTEXTIFY ? global : sandbox;
      if (sandbox === DONT_CONTEXTIFY) return;
      for (const key of Reflect.ownKeys(global)) this.#initial.set(key, global[key]);
      Object.setPrototypeOf(global, nameScope(Object.getPrototypeOf(global), sandbox, (key) => this.#bind(key)));
    }

    get object() { return this.#sandbox; }

    run(code, filename, line, names) {
      if (this.#sandbox === this.#global) return this.#evaluate(code, filename, line);
      this.#showSandbox(names);
      try {
        return this.#evaluate(code, filename, line);
      } finally {
        this.#keepGlobals();
      }
    }

    #bind(key) {
      const sandbox = this.#sandbox;
      Object.defineProperty(this.#global, key, {
        get: () => sandbox[key],
        set: (value) => { sandbox[key] = value; },
        enumerable: true,
        configurable: true,
      });
      this.#bound.add(key);
    }

    // Before a run: what was done to the sandbox since the last one is done to the global object.
    #showSandbox(names) {
      const sandbox = this.#sandbox;
      const global = this.#global;
      for (const name of names) {
        if (!(name in sandbox) && !has(global, name)) sandbox[name] = undefined;
      }
      for (const key of Reflect.ownKeys(sandbox)) {
        if (this.#bound.has(key)) continue;
        if (Reflect.getOwnPropertyDescriptor(global, key)?.configurable !== false) this.#bind(key);
        else Reflect.set(global, key, sandbox[key]);
      }
      for (const key of this.#bound) {
        if (key in sandbox) continue;
        delete global[key];
        this.#bound.delete(key);
      }
    }

    // After a run: what was done to the global object is done to the sandbox.
    #keepGlobals() {
      const sandbox = this.#sandbox;
      const global = this.#global;
      for (const key of Reflect.ownKeys(global)) {
        const found = Reflect.getOwnPropertyDescriptor(global, key);
        if (this.#bound.has(key)) {
          // A function that was declared stands where the accessor was.
          if (!('value' in found)) continue;
          this.#bound.delete(key);
        } else if (this.#initial.has(key) && Object.is(this.#initial.get(key), found.value)) {
          continue;
        }
        Reflect.defineProperty(sandbox, key, { ...found, configurable: true });
        if (found.configurable) this.#bind(key);
      }
      for (const key of this.#bound) {
        if (has(global, key)) continue;
        delete sandbox[key];
        this.#bound.delete(key);
      }
    }
  }

  // By what they were made of.
  const contexts = new WeakMap();

  function contextOf(object) {
    if (!isObject(object)) throw invalidArgument('object', 'of type object', object);
    const context = contexts.get(object);
    if (context === undefined) throw invalidArgument('contextifiedObject', 'an vm.Context', object);
    return context;
  }

  function checkOptions(options) {
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    return options;
  }

  function checkString(name, value) {
    if (value !== undefined && typeof value !== 'string') throw invalidArgument(name, 'of type string', value);
  }

  function createContext(object = {}, options = {}) {
    if (object !== DONT_CONTEXTIFY && !isObject(object)) throw invalidArgument('object', 'of type object', object);
    if (contexts.has(object)) return object;
    const { name, origin, codeGeneration, microtaskMode } = checkOptions(options);
    checkString('options.name', name);
    checkString('options.origin', origin);
    if (codeGeneration?.strings === false || codeGeneration?.wasm === false) missing('vm', 'createContext with options.codeGeneration')();
    if (microtaskMode !== undefined) missing('vm', 'createContext with options.microtaskMode')();
    const context = new Context(object);
    contexts.set(context.object, context);
    return context.object;
  }

  function isContext(object) {
    if (!isObject(object)) throw invalidArgument('object', 'of type object', object);
    return contexts.has(object);
  }

  // What `body` returns, if that takes no longer than the options allow.
  function inTime({ timeout } = {}, body) {
    if (timeout === undefined) return body();
    if (typeof timeout !== 'number') throw invalidArgument('options.timeout', 'of type number', timeout);
    if (!(Number.isInteger(timeout) && timeout >= 1 && timeout <= MAX_TIMEOUT_MS)) {
      throw outOfRange('options.timeout', `>= 1 && <= ${MAX_TIMEOUT_MS}`, timeout);
    }
    return within(timeout, body);
  }

  const runOptions = (options) => (typeof options === 'string' || options === undefined ? {} : checkOptions(options));

  class Script {
    #code;
    #filename;
    #line;
    #names;

    constructor(code, options = {}) {
      const given = typeof options === 'string' ? { filename: options } : checkOptions(options);
      const { filename = 'evalmachine.<anonymous>', lineOffset = 0, cachedData } = given;
      checkString('options.filename', filename);
      if (!Number.isInteger(lineOffset)) throw invalidArgument('options.lineOffset', 'of type number', lineOffset);
      this.#code = `${code}`;
      this.#filename = filename;
      this.#line = lineOffset;
      check(this.#code, filename, lineOffset);
      if (cachedData !== undefined) this.cachedDataRejected = true;
      this.sourceMapURL = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(this.#code)?.[1];
    }

    runInThisContext(options) {
      return inTime(runOptions(options), () => evaluate(this.#code, this.#filename, this.#line));
    }

    runInContext(object, options) {
      const context = contextOf(object);
      this.#names ??= globalNames(this.#code);
      return inTime(runOptions(options), () => context.run(this.#code, this.#filename, this.#line, this.#names));
    }

    runInNewContext(object, options) { return this.runInContext(createContext(object, contextOptions(options)), options); }
  }
  Script.prototype.createCachedData = missing('vm', 'Script.prototype.createCachedData');

  function contextOptions(options) {
    const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = runOptions(options);
    return { name: contextName, origin: contextOrigin, codeGeneration: contextCodeGeneration, microtaskMode };
  }

  function compileFunction(code, parameters = [], options = {}) {
    if (typeof code !== 'string') throw invalidArgument('code', 'of type string', code);
    if (!Array.isArray(parameters)) throw invalidArgument('params', 'an instance of Array', parameters);
    for (const [index, parameter] of parameters.entries()) {
      if (typeof parameter !== 'string') throw invalidArgument(`params[${index}]`, 'of type string', parameter);
    }
    const { filename = '', lineOffset = 0, parsingContext, contextExtensions = [] } = checkOptions(options);
    checkString('options.filename', filename);
    // Neither a parameter nor the body may end the function.
    new Function(...parameters, code);
    const extensions = contextExtensions.map((_, index) => `with (arguments[0][${index}]) `).join('');
    // The body begins in line 1.
    const source = `(function () { ${extensions}return function (${parameters.join(',')}) {\n${code}\n} })`;
    const maker = parsingContext === undefined
      ? evaluate(source, filename, lineOffset - 1)
      : contextOf(parsingContext).run(source, filename, lineOffset - 1, []);
    return maker(contextExtensions);
  }

  return {
    Script,
    createContext,
    createScript: (code, options) => new Script(code, options),
    runInContext: (code, object, options) => {
      contextOf(object);
      return new Script(code, options).runInContext(object, options);
    },
    runInNewContext: (code, object, options) => new Script(code, options).runInNewContext(object, options),
    runInThisContext: (code, options) => new Script(code, options).runInThisContext(options),
    isContext,
    compileFunction,
    measureMemory: missing('vm', 'measureMemory'),
    constants: { __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER, DONT_CONTEXTIFY },
  };
})
