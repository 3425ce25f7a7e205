// Whether two values are the same in structure: for node:util and node:assert.
// <https://nodejs.org/api/assert.html#assertdeepstrictequalactual-expected-message>

(function ({ kindOf }) {
  const ownKeys = (value, strict) => {
    const names = Object.keys(value);
    if (!strict) return names;
    const symbols = Object.getOwnPropertySymbols(value);
    return names.concat(symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol)));
  };
  const isIndex = (key) => typeof key === 'string' && /^(?:0|[1-9]\d*)$/.test(key) && key < 2 ** 32 - 1;

  class Comparison {
    constructor(strict) {
      this.strict = strict;
      // Pairs that are being compared: a pair met again in itself is equal as far as it goes.
      this.open = new Map();
    }

    equal(a, b) {
      if (a === b) return a !== 0 || !this.strict || Object.is(a, b);
      if (this.strict) {
        if (typeof a !== 'object' || a === null) return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
        if (typeof b !== 'object' || b === null) return false;
        if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
      } else {
        if (a === null || typeof a !== 'object') {
          return (b === null || typeof b !== 'object') && (a == b || (Number.isNaN(a) && Number.isNaN(b)));
        }
        if (b === null || typeof b !== 'object') return false;
      }
      const kind = kindOf(a);
      return kind === kindOf(b) && this.equalInside(a, b, kind);
    }

    equalInside(a, b, kind) {
      if (ArrayBuffer.isView(a) && kind !== 'DataView') {
        if (a.length !== b.length) return false;
        for (let i = 0; i < a.length; i++) {
          if (this.strict ? !Object.is(a[i], b[i]) : a[i] !== b[i] && !(a[i] !== a[i] && b[i] !== b[i])) return false;
        }
        return this.equalMembers(a, b, kind, true);
      }
      switch (kind) {
        case 'Date':
          if (!Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b))) return false;
          break;
        case 'RegExp':
          if (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return false;
          break;
        case 'Error':
          // Not enumerable, and yet what an error is.
          if (a.message !== b.message || a.name !== b.name) return false;
          for (const name of ['cause', 'errors']) {
            if (Object.hasOwn(a, name) !== Object.hasOwn(b, name) || !this.equal(a[name], b[name])) return false;
          }
          break;
        case 'Number': case 'String': case 'Boolean': case 'Symbol': case 'BigInt':
          if (!Object.is(a.valueOf(), b.valueOf())) return false;
          break;
        case 'ArrayBuffer': case 'SharedArrayBuffer': case 'DataView': {
          const bytes = (value) => (kind === 'DataView'
            ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value));
          const [left, right] = [bytes(a), bytes(b)];
          if (left.length !== right.length || left.some((byte, index) => byte !== right[index])) return false;
          break;
        }
        case 'WeakMap': case 'WeakSet': case 'Promise': case 'WeakRef':
          return false;
        case 'Array':
          if (a.length !== b.length) return false;
          break;
        case 'Map': case 'Set':
          if (a.size !== b.size) return false;
          break;
        default:
          if (a instanceof URL && (!(b instanceof URL) || a.href !== b.href)) return false;
      }
      return this.equalMembers(a, b, kind, false);
    }

    equalMembers(a, b, kind, skipIndices) {
      let [left, right] = [ownKeys(a, this.strict), ownKeys(b, this.strict)];
      if (skipIndices) [left, right] = [left, right].map((keys) => keys.filter((key) => !isIndex(key)));
      if (left.length !== right.length || left.some((key) => !Object.prototype.propertyIsEnumerable.call(b, key))) return false;
      const known = this.open.get(a);
      if (known !== undefined) {
        if (known.has(b)) return true;
      } else {
        this.open.set(a, new Set());
      }
      this.open.get(a).add(b);
      const same = left.every((key) => this.equal(a[key], b[key]))
        && (kind !== 'Map' || this.equalMaps(a, b)) && (kind !== 'Set' || this.equalSets(a, b));
      this.open.get(a).delete(b);
      return same;
    }

    // In any order. Members that are objects, and loosely also others, are looked for one by one.
    equalSets(a, b) {
      const rest = new Set(b), unmatched = [];
      for (const value of a) if (!rest.delete(value)) unmatched.push(value);
      return unmatched.every((value) => {
        for (const other of rest) {
          if (this.equal(value, other)) return rest.delete(other);
        }
        return false;
      });
    }

    equalMaps(a, b) {
      const rest = new Map(b), unmatched = [];
      for (const [key, value] of a) {
        if (rest.has(key) && this.equal(value, rest.get(key))) rest.delete(key);
        else unmatched.push([key, value]);
      }
      return unmatched.every(([key, value]) => {
        for (const [otherKey, otherValue] of rest) {
          if (this.equal(key, otherKey) && this.equal(value, otherValue)) return rest.delete(otherKey);
        }
        return false;
      });
    }
  }

  return {
    isDeepEqual: (a, b) => new Comparison(false).equal(a, b),
    isDeepStrictEqual: (a, b) => new Comparison(true).equal(a, b),
  };
})
