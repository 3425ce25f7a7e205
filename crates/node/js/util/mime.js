// `MIMEType` and `MIMEParams` of node:util, by <https://mimesniff.spec.whatwg.org/#parsing-a-mime-type>

(function ({ coded }) {
  const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/;
  const NOT_QUOTED = /[^\t\u0020-~\u0080-\u00FF]/;
  const BEGINNING_SPACE = /^[\r\n\t ]*/;
  const END_SPACE = /[\r\n\t ]+$/;

  const invalid = (what, text, at) =>
    coded(TypeError, 'ERR_INVALID_MIME_SYNTAX', `The MIME syntax for a ${what} in ${JSON.stringify(text)} is invalid${at > -1 ? ` at ${at}` : ''}`);

  function token(what, text) {
    text = `${text}`;
    const at = text.search(NOT_TOKEN);
    if (text === '' || at !== -1) throw invalid(what, text, at);
    return text;
  }

  const quoted = (value) => (value === '' || NOT_TOKEN.test(value) ? `"${value.replace(/(["\\])/g, '\\$1')}"` : value);

  class MIMEParams {
    #values = new Map();

    // What follows the type, from its first semicolon on.
    static parse(text) {
      const params = new MIMEParams();
      let rest = text;
      while (rest !== '') {
        rest = rest.slice(1).replace(BEGINNING_SPACE, '');
        const name = /^[^;=]*/.exec(rest)[0];
        rest = rest.slice(name.length);
        if (!rest.startsWith('=')) continue;
        rest = rest.slice(1);
        let value;
        if (rest.startsWith('"')) {
          const [all, inside] = /^"((?:[^"\\]|\\[^])*)"?/.exec(rest) ?? [rest, rest.slice(1)];
          value = inside.replace(/\\([^])/g, '$1');
          rest = rest.slice(all.length).replace(/^[^;]*/, '');
        } else {
          const all = /^[^;]*/.exec(rest)[0];
          rest = rest.slice(all.length);
          value = all.replace(END_SPACE, '');
          if (value === '') continue;
        }
        const key = name.toLowerCase();
        if (key !== '' && !NOT_TOKEN.test(key) && !NOT_QUOTED.test(value) && !params.has(key)) params.#values.set(key, value);
      }
      return params;
    }

    delete(name) { this.#values.delete(`${name}`); }
    get(name) { return this.#values.get(`${name}`) ?? null; }
    has(name) { return this.#values.has(`${name}`); }

    set(name, value) {
      name = `${name}`;
      value = `${value}`;
      token('parameter name', name);
      const at = value.search(NOT_QUOTED);
      if (at !== -1) throw invalid('parameter value', value, at);
      this.#values.set(name, value);
    }

    *entries() { yield* this.#values.entries(); }
    *keys() { yield* this.#values.keys(); }
    *values() { yield* this.#values.values(); }
    [Symbol.iterator]() { return this.entries(); }

    toString() { return [...this.#values].map(([name, value]) => `${name}=${quoted(value)}`).join(';'); }
    toJSON() { return this.toString(); }
  }

  class MIMEType {
    #type;
    #subtype;
    #params;

    constructor(text) {
      text = `${text}`;
      const start = BEGINNING_SPACE.exec(text)[0].length;
      const slash = text.indexOf('/', start);
      const type = slash === -1 ? text.slice(start) : text.slice(start, slash);
      const at = type.search(NOT_TOKEN);
      if (type === '' || slash === -1 || at !== -1) throw invalid('type', text, at);
      const semicolon = text.indexOf(';', slash);
      const subtype = text.slice(slash + 1, semicolon === -1 ? undefined : semicolon).replace(END_SPACE, '');
      const wrong = subtype.search(NOT_TOKEN);
      if (subtype === '' || wrong !== -1) throw invalid('subtype', text, wrong);
      this.#type = type.toLowerCase();
      this.#subtype = subtype.toLowerCase();
      this.#params = MIMEParams.parse(semicolon === -1 ? '' : text.slice(semicolon));
    }

    get type() { return this.#type; }
    set type(value) { this.#type = token('type', value).toLowerCase(); }
    get subtype() { return this.#subtype; }
    set subtype(value) { this.#subtype = token('subtype', value).toLowerCase(); }
    get essence() { return `${this.#type}/${this.#subtype}`; }
    get params() { return this.#params; }

    toString() {
      const params = this.#params.toString();
      return params === '' ? this.essence : `${this.essence};${params}`;
    }
    toJSON() { return this.toString(); }
  }

  return { MIMEParams, MIMEType };
})
