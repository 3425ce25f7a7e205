// node:punycode, <https://nodejs.org/api/punycode.html>, which is deprecated: RFC 3492.

(function () {
  const BASE = 36;
  const T_MIN = 1;
  const T_MAX = 26;
  const SKEW = 38;
  const DAMP = 700;
  const FIRST_BIAS = 72;
  const FIRST_CODE = 128;
  const MOST = 0x7FFFFFFF;
  const DOTS = /[\x2E\u3002\uFF0E\uFF61]/g;

  const fail = (text) => { throw new RangeError(text); };
  const overflow = () => fail('Overflow: input needs wider integers to process');

  // How far the codes lie apart changes while going on.
  function adapted(delta, count, isFirst) {
    delta = isFirst ? Math.floor(delta / DAMP) : delta >> 1;
    delta += Math.floor(delta / count);
    let k = 0;
    for (; delta > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) delta = Math.floor(delta / (BASE - T_MIN));
    return Math.floor(k + ((BASE - T_MIN + 1) * delta) / (delta + SKEW));
  }
  const threshold = (k, bias) => Math.min(T_MAX, Math.max(T_MIN, k - bias));
  const letter = (digit) => String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);
  function digitOf(code) {
    if (code >= 48 && code < 58) return code - 22;
    if (code >= 65 && code < 91) return code - 65;
    if (code >= 97 && code < 123) return code - 97;
    return BASE;
  }

  const ucs2 = {
    decode: (string) => Array.from(string, (character) => character.codePointAt(0)),
    encode: (codes) => String.fromCodePoint(...codes),
  };

  function decode(input) {
    const end = Math.max(input.lastIndexOf('-'), 0);
    const output = Array.from(input.slice(0, end), (character) =>
      (character >= '\x80' ? fail('Illegal input >= 0x80 (not a basic code point)') : character.charCodeAt(0)));
    let code = FIRST_CODE;
    let bias = FIRST_BIAS;
    let at = 0;
    for (let index = end > 0 ? end + 1 : 0; index < input.length;) {
      const before = at;
      for (let weight = 1, k = BASE; ; k += BASE) {
        if (index >= input.length) fail('Invalid input');
        const digit = digitOf(input.charCodeAt(index++));
        if (digit >= BASE) fail('Invalid input');
        if (digit > Math.floor((MOST - at) / weight)) overflow();
        at += digit * weight;
        const least = threshold(k, bias);
        if (digit < least) break;
        if (weight > Math.floor(MOST / (BASE - least))) overflow();
        weight *= BASE - least;
      }
      const count = output.length + 1;
      bias = adapted(at - before, count, before === 0);
      if (Math.floor(at / count) > MOST - code) overflow();
      code += Math.floor(at / count);
      at %= count;
      output.splice(at++, 0, code);
    }
    return String.fromCodePoint(...output);
  }

  function encode(input) {
    const codes = ucs2.decode(input);
    const basic = codes.filter((code) => code < 0x80);
    let output = String.fromCharCode(...basic);
    if (basic.length > 0) output += '-';
    let code = FIRST_CODE;
    let bias = FIRST_BIAS;
    let delta = 0;
    for (let done = basic.length; done < codes.length; delta++, code++) {
      const next = codes.reduce((least, other) => (other >= code && other < least ? other : least), MOST);
      if (next - code > Math.floor((MOST - delta) / (done + 1))) overflow();
      delta += (next - code) * (done + 1);
      code = next;
      for (const other of codes) {
        if (other < code && ++delta > MOST) overflow();
        if (other !== code) continue;
        let rest = delta;
        for (let k = BASE; ; k += BASE) {
          const least = threshold(k, bias);
          if (rest < least) break;
          output += letter(least + ((rest - least) % (BASE - least)));
          rest = Math.floor((rest - least) / (BASE - least));
        }
        output += letter(rest);
        bias = adapted(delta, done + 1, done === basic.length);
        delta = 0;
        done++;
      }
    }
    return output;
  }

  // Of an address only what follows the `@` is a domain.
  function eachLabel(domain, change) {
    const at = domain.lastIndexOf('@') + 1;
    return domain.slice(0, at) + domain.slice(at).replace(DOTS, '.').split('.').map(change).join('.');
  }
  const toUnicode = (input) =>
    eachLabel(input, (label) => (label.startsWith('xn--') ? decode(label.slice(4).toLowerCase()) : label));
  const toASCII = (input) =>
    eachLabel(input, (label) => (/[^\0-\x7F]/.test(label) ? `xn--${encode(label)}` : label));

  return { version: '2.1.0', ucs2, decode, encode, toASCII, toUnicode };
})
