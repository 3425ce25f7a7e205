// CommonJS, <https://nodejs.org/api/modules.html>

(function (native) {
  const { invalidArgument } = native;
  const cache = { __proto__: null };

  function Module(id = '', parent) {
    this.id = id;
    this.path = native.dirname(id);
    this.exports = {};
    this.filename = null;
    this.loaded = false;
    this.children = [];
    this.paths = [];
    Object.defineProperty(this, 'parent', {
      value: parent, writable: true, enumerable: false, configurable: true,
    });
    parent?.children?.push(this);
  }

  let main;

  function nodeModulePaths(from) {
    const paths = [];
    for (let folder = from; ; folder = native.dirname(folder)) {
      if (!folder.endsWith('/node_modules')) {
        paths.push(folder === '/' ? '/node_modules' : `${folder}/node_modules`);
      }
      if (folder === '/' || folder === '.') return paths;
    }
  }

  function requireStack(module) {
    const stack = [];
    for (let one = module; one && stack.length < 100; one = one.parent) stack.push(one.filename ?? one.id);
    return stack;
  }

  Module._resolveFilename = function (request, parent, isMain, options) {
    const from = parent?.filename ?? parent?.id ?? native.cwdFile();
    const referrers = options?.paths ? options.paths.map((path) => `${path}/noop.js`) : [from];
    let failure;
    for (const referrer of referrers) {
      try {
        return native.resolve(request, referrer);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure.code === 'MODULE_NOT_FOUND') {
      failure.requireStack = requireStack(parent);
      if (failure.requireStack.length > 0) {
        failure.message += `\nRequire stack:\n- ${failure.requireStack.join('\n- ')}`;
      }
    }
    throw failure;
  };

  Module._load = function (request, parent, isMain) {
    if (request.startsWith('node:')) return native.builtin(request);
    const filename = Module._resolveFilename(request, parent, isMain);
    const cached = cache[filename];
    if (cached !== undefined) {
      if (parent && !parent.children.includes(cached)) parent.children.push(cached);
      return cached.exports;
    }
    if (native.isBuiltin(filename)) return native.builtin(filename);
    const module = new Module(filename, parent);
    if (isMain) {
      main = module;
      module.id = '.';
      native.setMain(module);
    }
    cache[filename] = module;
    let loaded = false;
    try {
      module.load(filename);
      loaded = true;
    } finally {
      if (!loaded) delete cache[filename];
    }
    return module.exports;
  };

  Module.prototype.load = function (filename) {
    this.filename = filename;
    this.path = native.dirname(filename);
    this.paths = nodeModulePaths(this.path);
    const extension = native.extension(filename);
    (Module._extensions[extension] ?? Module._extensions['.js'])(this, filename);
    this.loaded = true;
  };

  Module.prototype.require = function (id) {
    if (typeof id !== 'string') throw invalidArgument('id', 'of type string', id);
    if (id === '') {
      const error = new TypeError("The argument 'id' must be a non-empty string. Received ''");
      error.code = 'ERR_INVALID_ARG_VALUE';
      throw error;
    }
    return Module._load(id, this, false);
  };

  Module.prototype._compile = function (content, filename) {
    const require = makeRequire(this);
    return native.run(content, filename, this.exports, require, this, native.dirname(filename));
  };

  Module._extensions = {
    __proto__: null,
    '.js'(module, filename) {
      const source = native.source(filename);
      if (source.isModule) {
        module.exports = native.requireModule(filename);
        return;
      }
      try {
        module._compile(source.text, filename);
      } catch (error) {
        // An ambiguous file that is no CommonJS may be an ES module.
        if (!source.isAmbiguous || !native.isModuleSyntaxError(error, source.text)) throw error;
        module.exports = native.requireModule(filename);
      }
    },
    '.json'(module, filename) {
      module.exports = native.json(filename);
    },
    '.node'(module, filename) {
      const error = new Error(`${filename}: native addons cannot be loaded; look for a WebAssembly build of the package`);
      error.code = 'ERR_DLOPEN_FAILED';
      throw error;
    },
  };

  function makeRequire(module) {
    function require(id) {
      return module.require(id);
    }
    require.resolve = function resolve(request, options) {
      if (typeof request !== 'string') throw invalidArgument('request', 'of type string', request);
      return Module._resolveFilename(request, module, false, options);
    };
    require.resolve.paths = function paths(request) {
      if (typeof request !== 'string') throw invalidArgument('request', 'of type string', request);
      if (native.isBuiltin(request)) return null;
      if (/^\.\.?(\/|$)/.test(request)) return [module.path];
      return nodeModulePaths(module.path);
    };
    require.main = main;
    require.extensions = Module._extensions;
    require.cache = cache;
    return require;
  }

  function createRequire(from) {
    const filename = native.pathOf(from);
    if (filename === undefined) {
      const error = new TypeError(
        `The argument 'filename' must be a file URL object, file URL string, or absolute path string. Received '${String(from)}'`);
      error.code = 'ERR_INVALID_ARG_VALUE';
      throw error;
    }
    const module = new Module(filename);
    module.filename = filename;
    module.paths = nodeModulePaths(module.path);
    return makeRequire(module);
  }

  Object.assign(Module, {
    Module,
    _cache: cache,
    _nodeModulePaths: nodeModulePaths,
    builtinModules: native.builtinModules,
    isBuiltin: native.isBuiltin,
    createRequire,
    wrap: (script) => `(function (exports, require, module, __filename, __dirname) { ${script}\n});`,
  });

  return {
    Module,
    load: (filename) => Module._load(filename, undefined, false),
    loadMain: (filename) => Module._load(filename, null, true),
    runText(filename, text) {
      main = new Module(filename, null);
      main.id = '.';
      main.filename = filename;
      main.paths = nodeModulePaths(main.path);
      native.setMain(main);
      main._compile(text, filename);
      main.loaded = true;
    },
  };
})
