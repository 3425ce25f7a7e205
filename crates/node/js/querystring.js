// node:querystring, <https://nodejs.org/api/querystring.html>

(function ({ builtin }) {

  function escape(value) {
    const text = typeof value === 'string' ? value : typeof value === 'object' ? String(value) : `${value}`;
    return encodeURIComponent(text);
  }

  function unescapeBuffer(text, decodeSpaces) {
    const bytes = [];
    const { Buffer } = builtin('buffer');
    const source = Buffer.from(text);
    const hex = (byte) => parseInt(String.fromCharCode(byte), 16);
    for (let at = 0; at < source.length; at++) {
      const byte = source[at];
      const value = byte === 0x25 && at + 2 < source.length ? hex(source[at + 1]) * 16 + hex(source[at + 2]) : NaN;
      if (!Number.isNaN(value)) {
        bytes.push(value);
        at += 2;
      } else {
        bytes.push(decodeSpaces && byte === 0x2b ? 0x20 : byte);
      }
    }
    return Buffer.from(bytes);
  }

  function unescape(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return unescapeBuffer(text).toString();
    }
  }

  const primitive = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
    return typeof value === 'number' && Number.isFinite(value) ? `${value}` : '';
  };

  function stringify(object, separator = '&', equals = '=', options) {
    if (object === null || typeof object !== 'object') return '';
    const encode = options?.encodeURIComponent ?? module.escape;
    const pair = (key, value) => `${encode(key)}${equals}${encode(primitive(value))}`;
    return Object.entries(object).flatMap(([key, value]) =>
      (Array.isArray(value) ? value.map((one) => pair(key, one)) : [pair(key, value)])).join(separator || '&');
  }

  function parse(text, separator, equals, options) {
    const found = { __proto__: null };
    if (typeof text !== 'string' || text.length === 0) return found;
    [separator, equals] = [separator || '&', equals || '='];
    const decode = options?.decodeURIComponent ?? module.unescape;
    const limit = typeof options?.maxKeys === 'number' ? options.maxKeys : 1000;
    let parts = text.split(separator).filter((part) => part !== '');
    if (limit > 0) parts = parts.slice(0, limit);
    const decoded = (part) => {
      const spaced = part.replaceAll('+', '%20');
      try {
        return decode(spaced);
      } catch {
        return unescape(spaced);
      }
    };
    for (const part of parts) {
      const at = part.indexOf(equals);
      const key = decoded(at === -1 ? part : part.slice(0, at));
      const value = at === -1 ? '' : decoded(part.slice(at + equals.length));
      if (!Object.hasOwn(found, key)) found[key] = value;
      else if (Array.isArray(found[key])) found[key].push(value);
      else found[key] = [found[key], value];
    }
    return found;
  }

  const module = { unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse };
  return module;
})
