// node:url, <https://nodejs.org/api/url.html>: paths and `file:` URLs, and the interface that
// was there before the standard's `URL`.

(function (native) {
  const { coded, domainToASCII, domainToUnicode, invalidArgument, isWindows, missing } = native;

  // Paths and URLs.
  function fileURLToPath(path, options) {
    const windows = options?.windows ?? isWindows;
    if (typeof path !== 'string' && !(path instanceof URL)) {
      throw invalidArgument('path', 'of type string or an instance of URL', path);
    }
    const { protocol, hostname, pathname } = typeof path === 'string' ? new URL(path) : path;
    if (protocol !== 'file:') throw coded(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    const badPath = (why) => coded(TypeError, 'ERR_INVALID_FILE_URL_PATH', `File URL path must ${why}`);
    if (!windows) {
      if (hostname !== '') {
        throw coded(TypeError, 'ERR_INVALID_FILE_URL_HOST',
          `File URL host must be "localhost" or empty on ${native.platform}`);
      }
      if (/%2f/i.test(pathname)) throw badPath('not include encoded / characters');
      return decodeURIComponent(pathname);
    }
    if (/%2f|%5c/i.test(pathname)) throw badPath('not include encoded \\ or / characters');
    const decoded = decodeURIComponent(pathname.replaceAll('/', '\\'));
    if (hostname !== '') return `\\\\${domainToUnicode(hostname)}${decoded}`;
    if (!/^\\[a-z]:/i.test(decoded)) throw badPath('be absolute');
    return decoded.slice(1);
  }

  const escapes = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };
  function pathToFileURL(filepath, options) {
    const windows = options?.windows ?? isWindows;
    if (typeof filepath !== 'string') throw invalidArgument('path', 'of type string', filepath);
    const { posix, win32 } = native.builtin('path');
    const escaped = (path, which) => path.replace(which, (character) => escapes[character]);
    if (windows) {
      const unc = /^\\\\(?!\?\\[a-z]:)(?:\?\\UNC\\)?([^\\]+)(\\.*)/i.exec(filepath);
      if (unc !== null) {
        const url = new URL(`file://${escaped(unc[2], /[%\n\r\t?#]/g)}`);
        url.hostname = domainToASCII(unc[1]);
        return url;
      }
    }
    let resolved = (windows ? win32 : posix).resolve(filepath);
    const hadEnd = filepath.endsWith('/') || (windows && filepath.endsWith('\\'));
    if (hadEnd && !/[\\/]$/.test(resolved)) resolved += windows ? '\\' : '/';
    const path = escaped(resolved, windows ? /[%\n\r\t?#]/g : /[%\\\n\r\t?#]/g);
    return new URL(`file://${windows ? '/' : ''}${path}`);
  }

  function urlToHttpOptions(url) {
    const { hostname, pathname, port, username, password, search } = url;
    const options = {
      __proto__: null,
      ...url,
      protocol: url.protocol,
      hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      hash: url.hash,
      search,
      pathname,
      path: `${pathname || ''}${search || ''}`,
      href: url.href,
    };
    if (port !== '') options.port = Number(port);
    if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return options;
  }

  // The old interface.
  const slashed = new Set(['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:']);
  const isHostless = (protocol) => protocol === 'javascript:';
  const HOST_MAX_LENGTH = 255;

  function Url() {
    for (const name of [
      'protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href',
    ]) this[name] = null;
  }

  function takeHost(url, rest, given) {
    // Up to the first character that cannot be in a host; what is before an `@` is not the host.
    const end = rest.search(/[/?#]/);
    const whole = end < 0 ? rest : rest.slice(0, end);
    const at = whole.lastIndexOf('@');
    if (at >= 0) url.auth = decodeURIComponent(whole.slice(0, at));
    const candidate = whole.slice(at + 1);
    const stop = candidate.search(/[\t\n\r "%';<>\\^`{|}]/);
    let host = stop < 0 ? candidate : candidate.slice(0, stop);
    let after = rest.slice(at + 1 + host.length);
    const port = /:([0-9]*)$/.exec(host);
    if (port !== null) {
      if (port[1] !== '') url.port = port[1];
      host = host.slice(0, port.index);
    }
    const isV6 = host.startsWith('[') && host.endsWith(']');
    if (host.length > HOST_MAX_LENGTH) host = '';
    host = host.toLowerCase();
    if (!isV6 && host !== '') {
      const invalid = host.search(/[^a-z0-9._~\-+\x80-\uffff]/);
      if (invalid >= 0) {
        const cut = host.slice(invalid);
        if (/[:@[\]|^]/.test(cut[0])) throw Object.assign(coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input: given });
        after = `/${cut}${after}`;
        host = host.slice(0, invalid);
      }
      if (/[^\x00-\x7f]/.test(host)) {
        host = domainToASCII(host);
        if (host === '') throw Object.assign(coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input: given });
      }
    }
    url.host = `${host}${url.port ? `:${url.port}` : ''}`;
    url.hostname = isV6 ? host.slice(1, -1) : host;
    if (isV6 && after !== '' && after[0] !== '/') after = `/${after}`;
    return after;
  }

  const autoEscape = (text) => text.replace(/[\t\n\r "'<>\\^`{|}]/g, (character) => (
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`));

  Url.prototype.parse = function parse(given, parseQueryString, slashesDenoteHost) {
    if (typeof given !== 'string') throw invalidArgument('url', 'of type string', given);
    const question = given.search(/[?#]/);
    const head = question < 0 ? given : given.slice(0, question);
    let rest = `${head.replaceAll('\\', '/')}${given.slice(head.length)}`.trim();
    const protocol = /^[a-z0-9.+-]+:/i.exec(rest)?.[0].toLowerCase();
    if (protocol !== undefined) {
      this.protocol = protocol;
      rest = rest.slice(protocol.length);
    }
    const mayHaveHost = protocol !== undefined || slashesDenoteHost || /^\/\/[^@/]+@[^@/]+/.test(rest);
    if (mayHaveHost && rest.startsWith('//') && !isHostless(protocol)) {
      rest = rest.slice(2);
      this.slashes = true;
    }
    if (!isHostless(protocol) && (this.slashes || (protocol && !slashed.has(protocol)))) {
      rest = takeHost(this, rest, given);
    }
    if (!isHostless(protocol)) rest = autoEscape(rest);
    const hash = rest.indexOf('#');
    if (hash >= 0) {
      this.hash = rest.slice(hash);
      rest = rest.slice(0, hash);
    }
    const search = rest.indexOf('?');
    if (search >= 0) {
      this.search = rest.slice(search);
      this.query = this.search.slice(1);
      rest = rest.slice(0, search);
    }
    if (parseQueryString) {
      this.search ??= '';
      this.query = parseQuery(this.query ?? '');
    }
    if (rest !== '') this.pathname = rest;
    if (slashed.has(protocol) && this.hostname && !this.pathname) this.pathname = '/';
    if (this.pathname || this.search) this.path = `${this.pathname ?? ''}${this.search ?? ''}`;
    this.href = this.format();
    return this;
  };

  function parseQuery(text) {
    const query = { __proto__: null };
    for (const [name, value] of new URLSearchParams(text)) {
      if (!(name in query)) query[name] = value;
      else if (Array.isArray(query[name])) query[name].push(value);
      else query[name] = [query[name], value];
    }
    return query;
  }

  Url.prototype.format = function format() {
    let { protocol = '', pathname = '', hash = '', search = '' } = this;
    const auth = this.auth ? `${encodeURIComponent(this.auth).replace(/%3A/i, ':')}@` : '';
    let host = '';
    if (this.host) host = `${auth}${this.host}`;
    else if (this.hostname) {
      const hostname = this.hostname.includes(':') ? `[${this.hostname}]` : this.hostname;
      host = `${auth}${hostname}${this.port ? `:${this.port}` : ''}`;
    }
    protocol ||= '';
    pathname ||= '';
    hash ||= '';
    if (this.query !== null && typeof this.query === 'object' && !search) {
      const pairs = Object.entries(this.query).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one ?? '')]));
      const text = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
      if (text !== '') search = `?${text}`;
    }
    search ||= '';
    if (protocol && !protocol.endsWith(':')) protocol += ':';
    pathname = pathname.replace(/[?#]/g, (character) => escapes[character]);
    if (this.slashes || slashed.has(protocol)) {
      if (this.slashes || host) {
        if (pathname && pathname[0] !== '/') pathname = `/${pathname}`;
        host = `//${host}`;
      } else if (protocol === 'file:') {
        host = '//';
      }
    }
    if (hash && hash[0] !== '#') hash = `#${hash}`;
    if (search && search[0] !== '?') search = `?${search}`;
    return `${protocol}${host}${pathname}${search.replaceAll('#', '%23')}${hash}`;
  };

  Url.prototype.resolve = function (relative) { return resolve(this.href, relative); };
  Url.prototype.resolveObject = function (relative) { return parse(resolve(this.href, relative)); };

  function parse(url, parseQueryString, slashesDenoteHost) {
    return url instanceof Url ? url : new Url().parse(url, parseQueryString, slashesDenoteHost);
  }

  function format(url, options) {
    if (typeof url === 'string') return parse(url).format();
    if (url === null || typeof url !== 'object') {
      throw invalidArgument('urlObject', 'one of type object or string', url);
    }
    if (!(url instanceof URL)) return Url.prototype.format.call(url);
    const copy = new URL(url.href);
    if (options?.fragment === false) copy.hash = '';
    if (options?.search === false) copy.search = '';
    if (options?.auth === false) copy.username = copy.password = '';
    if (!options?.unicode || copy.hostname === '') return copy.href;
    return copy.href.replace(copy.hostname, domainToUnicode(copy.hostname));
  }

  // By the standard's rules, with a scheme of its own where there is none.
  function resolve(from, to) {
    const resolved = new URL(to, new URL(from, 'resolve://'));
    if (resolved.protocol !== 'resolve:') return resolved.href;
    const path = `${resolved.pathname}${resolved.search}${resolved.hash}`;
    return from[0] === '/' || to[0] === '/' ? path : path.slice(1);
  }

  return {
    Url,
    parse,
    resolve,
    resolveObject: (from, to) => parse(resolve(from, to)),
    format,
    URL,
    URLSearchParams,
    URLPattern: missing('url', 'URLPattern'),
    domainToASCII: (domain) => domainToASCII(String(domain)),
    domainToUnicode: (domain) => domainToUnicode(String(domain)),
    fileURLToPath,
    fileURLToPathBuffer: missing('url', 'fileURLToPathBuffer'),
    pathToFileURL,
    urlToHttpOptions,
  };
})
