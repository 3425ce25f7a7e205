// The members of node:module that few ask for, <https://nodejs.org/api/module.html>.

(function ({ builtin, coded, invalidArgument, missing, natives }) {
  const { stripTypes } = natives('module');
  const { existsSync } = builtin('fs');
  const { dirname, join } = builtin('path');
  const { fileURLToPath } = builtin('url');

  const pathOf = (location) => (location instanceof URL || /^file:/.test(location) ? fileURLToPath(location) : `${location}`);

  function* foldersAbove(folder) {
    for (let current = folder, last; current !== last; last = current, current = dirname(current)) yield current;
  }

  // The first of these that is there.
  function firstFile(folders, ...names) {
    for (const folder of folders) {
      const file = join(folder, ...names);
      if (existsSync(file)) return file;
    }
    return undefined;
  }

  function findPackageJSON(specifier, base) {
    if (specifier === undefined) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "specifier" argument must be specified');
    if (!(specifier instanceof URL) && typeof specifier !== 'string') throw invalidArgument('specifier', 'of type string or an instance of URL', specifier);
    const from = base === undefined ? process.cwd() : dirname(pathOf(base));
    if (specifier instanceof URL || /^(file:|\/|\.\.?(\/|$))/.test(specifier)) {
      const path = pathOf(specifier);
      const full = path.startsWith('/') ? path : join(from, path);
      return firstFile(foldersAbove(path.endsWith('/') || path === '.' || path === '..' ? full : dirname(full)), 'package.json');
    }
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
    const found = name && firstFile(foldersAbove(from), 'node_modules', name, 'package.json');
    if (found === undefined) {
      throw coded(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${name}' imported from ${base === undefined ? from : pathOf(base)}`);
    }
    return found;
  }

  function stripTypeScriptTypes(code, options = {}) {
    if (typeof code !== 'string') throw invalidArgument('code', 'of type string', code);
    const { mode = 'strip', sourceUrl = '' } = options;
    if (mode !== 'strip') missing('module', `stripTypeScriptTypes with the mode '${mode}'`)();
    const stripped = stripTypes(code);
    return sourceUrl === '' ? stripped : `${stripped}\n\n//# sourceURL=${sourceUrl}`;
  }

  const compileCacheStatus = { __proto__: null, FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 };
  const members = {
    constants: { __proto__: null, compileCacheStatus },
    // Script is compiled so quickly that keeping it would gain nothing; modules of WebAssembly are kept anyway.
    enableCompileCache: () => ({ status: compileCacheStatus.DISABLED }),
    findPackageJSON,
    findSourceMap: () => undefined,
    flushCompileCache: () => undefined,
    getCompileCacheDir: () => undefined,
    getSourceMapsSupport: () => ({ __proto__: null, enabled: false, nodeModules: false, generatedCode: false }),
    globalPaths: [],
    stripTypeScriptTypes,
    wrapper: ['(function (exports, require, module, __filename, __dirname) { ', '\n});'],
  };
  for (const name of ['SourceMap', 'register', 'registerHooks', 'runMain', 'setSourceMapsSupport', 'syncBuiltinESMExports']) {
    members[name] = missing('module', name);
  }
  return members;
})
