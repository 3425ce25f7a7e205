// node:vm, <https://nodejs.org/api/vm.html>: scripts in this realm. There is no other yet.

(function ({ evaluate, invalidArgument, missing }) {
  function optionsOf(options, filename) {
    if (typeof options === 'string') return { filename: options };
    if (options !== undefined && (options === null || typeof options !== 'object')) {
      throw invalidArgument('options', 'of type object', options);
    }
    return { filename, ...options };
  }

  class Script {
    #code;
    #options;

    constructor(code, options) {
      this.#code = `${code}`;
      this.#options = optionsOf(options, 'evalmachine.<anonymous>');
      // A script that is none is told of before it runs.
      new Function(this.#code.replace(/^#!.*/, ''));
      this.cachedDataRejected = this.#options.cachedData === undefined ? undefined : true;
      this.sourceMapURL = undefined;
    }

    runInThisContext() {
      return evaluate(this.#code, `${this.#options.filename}`, Number(this.#options.lineOffset ?? 0));
    }
  }
  for (const name of ['runInContext', 'runInNewContext', 'createCachedData']) {
    Script.prototype[name] = missing('vm', `Script.prototype.${name}`);
  }

  function runInThisContext(code, options) {
    return new Script(code, options).runInThisContext();
  }

  const module = { Script, runInThisContext, isContext: () => false, constants: { __proto__: null } };
  for (const name of ['createContext', 'createScript', 'runInContext', 'runInNewContext', 'compileFunction',
    'measureMemory', 'SourceTextModule', 'SyntheticModule']) {
    module[name] = missing('vm', name);
  }
  return module;
})
