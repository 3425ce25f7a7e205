// node:path, <https://nodejs.org/api/path.html>: text only, no file is looked at.

(function ({ invalidArgument, missing, cwd, variable, isWindows }) {
  function checkText(value, name) {
    if (typeof value !== 'string') throw invalidArgument(name, 'of type string', value);
  }

  // Without empty segments and `.`; `..` takes away the one before, and stays in front only
  // of a path that is relative.
  function clean(segments, isRelative) {
    const kept = [];
    for (const segment of segments) {
      if (segment === '' || segment === '.') continue;
      if (segment !== '..') kept.push(segment);
      else if (kept.length > 0 && kept[kept.length - 1] !== '..') kept.pop();
      else if (isRelative) kept.push('..');
    }
    return kept;
  }

  // Where the last segment begins and ends, looking no further back than `start`.
  function lastSegment(path, start, isSeparator) {
    let end = path.length;
    while (end > start && isSeparator(path[end - 1])) end--;
    let begin = end;
    while (begin > start && !isSeparator(path[begin - 1])) begin--;
    return { begin, end };
  }

  function extensionOf(base) {
    const dot = base.lastIndexOf('.');
    return dot <= 0 || base === '..' ? '' : base.slice(dot);
  }

  function withoutSuffix(base, path, suffix) {
    if (suffix === undefined || suffix === '') return base;
    checkText(suffix, 'suffix');
    if (suffix === path) return '';
    return base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
  }

  function formatWith(separator) {
    return function format(pathObject) {
      if (pathObject === null || typeof pathObject !== 'object') {
        throw invalidArgument('pathObject', 'of type object', pathObject);
      }
      const { root, name, ext } = pathObject;
      const folder = pathObject.dir || root;
      const dotted = ext ? `${ext[0] === '.' ? '' : '.'}${ext}` : '';
      const base = pathObject.base || `${name || ''}${dotted}`;
      if (!folder) return base;
      return folder === root ? `${folder}${base}` : `${folder}${separator}${base}`;
    };
  }

  function parseWith(isSeparator, rootEnd) {
    return function parse(path) {
      checkText(path, 'path');
      const start = rootEnd(path);
      const root = path.slice(0, start);
      const { begin, end } = lastSegment(path, start, isSeparator);
      const base = path.slice(begin, end);
      const ext = extensionOf(base);
      const dir = begin > start ? path.slice(0, begin - 1) : root;
      return { root, dir, base, ext, name: base.slice(0, base.length - ext.length) };
    };
  }

  const isSlash = (character) => character === '/';

  const posix = {
    resolve(...paths) {
      let resolved = '';
      for (let index = paths.length - 1; index >= -1 && resolved[0] !== '/'; index--) {
        const path = index < 0 ? cwd() : paths[index];
        checkText(path, `paths[${index}]`);
        if (path !== '') resolved = `${path}/${resolved}`;
      }
      const isAbsolute = resolved[0] === '/';
      const text = clean(resolved.split('/'), !isAbsolute).join('/');
      return isAbsolute ? `/${text}` : text || '.';
    },
    normalize(path) {
      checkText(path, 'path');
      if (path === '') return '.';
      const isAbsolute = path[0] === '/', hasEnd = path.endsWith('/');
      const text = clean(path.split('/'), !isAbsolute).join('/');
      if (isAbsolute) return text && hasEnd ? `/${text}/` : `/${text}`;
      return `${text || '.'}${hasEnd ? '/' : ''}`;
    },
    isAbsolute(path) {
      checkText(path, 'path');
      return path[0] === '/';
    },
    join(...paths) {
      for (const path of paths) checkText(path, 'path');
      return posix.normalize(paths.filter((path) => path !== '').join('/'));
    },
    relative(from, to) {
      checkText(from, 'from');
      checkText(to, 'to');
      if (from === to) return '';
      const [source, target] = [from, to].map((path) => clean(posix.resolve(path).split('/'), false));
      let common = 0;
      while (common < source.length && source[common] === target[common]) common++;
      return [...source.slice(common).fill('..'), ...target.slice(common)].join('/');
    },
    toNamespacedPath: (path) => path,
    dirname(path) {
      checkText(path, 'path');
      const { begin } = lastSegment(path, 1, isSlash);
      if (begin > 1) return path.slice(0, begin - 1) === '/' ? '//' : path.slice(0, begin - 1);
      return path[0] === '/' ? '/' : '.';
    },
    basename(path, suffix) {
      if (suffix !== undefined) checkText(suffix, 'suffix');
      checkText(path, 'path');
      const { begin, end } = lastSegment(path, 0, isSlash);
      return withoutSuffix(path.slice(begin, end), path, suffix);
    },
    extname(path) {
      checkText(path, 'path');
      return extensionOf(posix.basename(path));
    },
    format: formatWith('/'),
    parse: parseWith(isSlash, (path) => (path[0] === '/' ? 1 : 0)),
    matchesGlob: missing('path', 'matchesGlob'),
    sep: '/',
    delimiter: ':',
  };

  const isAnySlash = (character) => character === '/' || character === '\\';
  const isDrive = (path) => /^[a-z]:/i.test(path);

  // `C:`, `\\server\share`, `\\.` or nothing; whether the path counts from a root; what follows.
  function splitDevice(path) {
    if (isDrive(path)) {
      const isAbsolute = isAnySlash(path[2]);
      return { device: path.slice(0, 2), isAbsolute, end: isAbsolute ? 3 : 2 };
    }
    if (!isAnySlash(path[0])) return { device: '', isAbsolute: false, end: 0 };
    const unc = /^[\\/]{2}([^\\/]+)[\\/]+(?:([^\\/]+)([\\/]?))?/.exec(path);
    if (unc === null) return { device: '', isAbsolute: true, end: 1 };
    const [whole, server, share] = unc;
    if (share === undefined) return { device: '', isAbsolute: true, end: 1 };
    return { device: `\\\\${server}\\${share}`, isAbsolute: true, end: whole.length, server };
  }

  // As above, where `\\.\` and `\\?\` are not servers but name devices.
  function splitNamespace(path) {
    const split = splitDevice(path);
    if (split.server !== '.' && split.server !== '?') return split;
    return { device: `\\\\${split.server}`, isAbsolute: true, end: 4 };
  }

  // What the system takes for a device wherever it stands: `CON`, `COM1` …
  const isReserved = (name) => /^(con|prn|aux|nul|(com|lpt)[1-9\xb9\xb2\xb3])$/i.test(name);

  const win32 = {
    resolve(...paths) {
      let device = '', tail = '', isAbsolute = false;
      for (let index = paths.length - 1; index >= -1; index--) {
        let path;
        if (index >= 0) {
          path = paths[index];
          checkText(path, `paths[${index}]`);
          if (path === '') continue;
        } else if (device === '') {
          path = cwd();
        } else {
          // Each drive has a current folder of its own.
          path = variable(`=${device}`) || cwd();
          if (path.slice(0, 2).toLowerCase() !== device.toLowerCase() && path[2] === '\\') {
            path = `${device}\\`;
          }
        }
        const split = splitNamespace(path);
        if (split.device !== '') {
          if (device === '') device = split.device;
          else if (device.toLowerCase() !== split.device.toLowerCase()) continue;
        }
        if (isAbsolute) {
          if (device !== '') break;
        } else {
          tail = `${path.slice(split.end)}\\${tail}`;
          isAbsolute = split.isAbsolute;
          if (isAbsolute && device !== '') break;
        }
      }
      const text = clean(tail.split(/[\\/]/), !isAbsolute).join('\\');
      return isAbsolute ? `${device}\\${text}` : `${device}${text}` || '.';
    },
    normalize(path) {
      checkText(path, 'path');
      if (path === '') return '.';
      const { device, isAbsolute, end } = splitNamespace(path);
      const rest = path.slice(end);
      const hasEnd = rest !== '' && isAnySlash(path[path.length - 1]);
      let text = clean(rest.split(/[\\/]/), !isAbsolute).join('\\');
      if (text === '' && !isAbsolute) text = '.';
      if (text !== '' && hasEnd) text += '\\';
      // What was below the current folder does not become a drive or a device.
      if (!isAbsolute && device === '' && (isDrive(text) || /:([\\/]|$)/.test(path))) {
        return `.\\${text}`;
      }
      const colon = path.indexOf(':');
      if (colon >= 0 && isReserved(path.slice(0, colon))) return `.\\${device}${text}`;
      return isAbsolute ? `${device}\\${text}` : `${device}${text}`;
    },
    isAbsolute(path) {
      checkText(path, 'path');
      return isAnySlash(path[0]) || (isDrive(path) && isAnySlash(path[2]));
    },
    join(...paths) {
      for (const path of paths) checkText(path, 'path');
      const given = paths.filter((path) => path !== '');
      if (given.length === 0) return '.';
      let joined = given.join('\\');
      // Only a first part that is two slashes and a name means a server.
      const slashes = /^[\\/]*/.exec(given[0])[0].length;
      const isUnc = slashes === 2 && given[0].length > 2;
      if (!isUnc) joined = joined.replace(/^[\\/]{2,}/, '\\');
      return win32.normalize(joined);
    },
    relative(from, to) {
      checkText(from, 'from');
      checkText(to, 'to');
      if (from === to) return '';
      const resolved = [win32.resolve(from), win32.resolve(to)];
      if (resolved[0].toLowerCase() === resolved[1].toLowerCase()) return '';
      const [source, target] = resolved.map((path) => path.split('\\').filter((part) => part !== ''));
      let common = 0;
      while (common < source.length && common < target.length &&
          source[common].toLowerCase() === target[common].toLowerCase()) common++;
      if (common === 0 && source.length > 0 && target.length > 0) return resolved[1];
      return [...source.slice(common).fill('..'), ...target.slice(common)].join('\\');
    },
    toNamespacedPath(path) {
      if (typeof path !== 'string' || path === '') return path;
      const resolved = win32.resolve(path);
      if (resolved.length <= 2) return path;
      if (/^\\\\[^?.]/.test(resolved)) return `\\\\?\\UNC\\${resolved.slice(2)}`;
      return /^[a-z]:\\/i.test(resolved) ? `\\\\?\\${resolved}` : resolved;
    },
    dirname(path) {
      checkText(path, 'path');
      if (path.length === 1) return isAnySlash(path) ? path : '.';
      const start = splitDevice(path).end;
      const { begin } = lastSegment(path, start, isAnySlash);
      if (begin > start) return path.slice(0, begin - 1);
      return start === 0 ? '.' : path.slice(0, start);
    },
    basename(path, suffix) {
      if (suffix !== undefined) checkText(suffix, 'suffix');
      checkText(path, 'path');
      const { begin, end } = lastSegment(path, isDrive(path) ? 2 : 0, isAnySlash);
      return withoutSuffix(path.slice(begin, end), path, suffix);
    },
    extname(path) {
      checkText(path, 'path');
      return extensionOf(win32.basename(path));
    },
    format: formatWith('\\'),
    parse: parseWith(isAnySlash, (path) => splitDevice(path).end),
    matchesGlob: missing('path', 'matchesGlob'),
    sep: '\\',
    delimiter: ';',
  };

  for (const flavour of [posix, win32]) {
    Object.assign(flavour, { posix, win32, _makeLong: flavour.toNamespacedPath });
  }
  return isWindows ? win32 : posix;
})
