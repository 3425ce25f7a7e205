// node:buffer, <https://nodejs.org/api/buffer.html>. What touches bytes, numbers among it, is
// native (`src/buffer/`); here are the class, the ways to make one, and arguments.

(function (native) {
  const { MAX_LENGTH, MAX_STRING_LENGTH, inspect, invalidArgument, outOfRange } = native;
  const { isAnyArrayBuffer, isTypedArray, isUint8Array } = native;
  const customInspect = Symbol.for('nodejs.util.inspect.custom');
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const setElements = TypedArray.prototype.set;
  const getter = (name) => {
    const { get } = Object.getOwnPropertyDescriptor(TypedArray.prototype, name);
    return (view) => Reflect.apply(get, view, []);
  };
  const lengthOf = getter('length'), bufferOf = getter('buffer'), offsetOf = getter('byteOffset');
  const BYTES = 'an instance of Buffer or Uint8Array';
  // Properties of its own are not shown of a longer buffer: the engine lists indices with them.
  const MOST_BYTES_WITH_PROPERTIES = 1 << 16;
  let inspectMaxBytes = 50;

  // Buffers are made by this class, so that `Buffer` can be called without `new`.
  class FastBuffer extends Uint8Array {
    constructor(source, byteOffset, length) { super(source, byteOffset, length); }
  }

  function Buffer(value, encodingOrOffset, length) {
    warnOnce();
    if (typeof value !== 'number') return Buffer.from(value, encodingOrOffset, length);
    if (typeof encodingOrOffset === 'string') throw invalidArgument('string', 'of type string', value);
    return Buffer.alloc(value);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Object.defineProperty(Buffer, Symbol.species, { configurable: true, get() { return FastBuffer; } });
  const { prototype } = FastBuffer;
  Object.defineProperty(Buffer, 'prototype', { value: prototype, enumerable: false, writable: true });
  prototype.constructor = Buffer;

  // As in Node, packages may call `Buffer()` unblamed: it is asked where the call came from, and
  // that no more than so many times.
  const MOST_CALLERS_ASKED = 10000;
  let callersAsked = 0;
  function warnOnce() {
    if (callersAsked >= MOST_CALLERS_ASKED) return;
    callersAsked += 1;
    const caller = `${new Error().stack}`.split('\n').find((line) => /^ +at /.test(line) && !line.includes('holm:'));
    if (/[\\/]node_modules[\\/]/.test(caller)) return;
    callersAsked = MOST_CALLERS_ASKED;
    process.emitWarning('Buffer() is deprecated due to security and usability issues. Please use the ' +
      'Buffer.alloc(), Buffer.allocUnsafe(), or Buffer.from() methods instead.', 'DeprecationWarning', 'DEP0005');
  }

  // Errors and arguments.
  const coded = (Class, code, message) => Object.assign(new Class(message), { code });
  const unknownEncoding = (name) => coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  const invalidValue = (name, value) => coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The argument '${name}' is invalid. Received ${inspect(value)}`);
  const outOfBounds = (name) => coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS',
    name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds');

  function checkSize(size, name = 'size', most = MAX_LENGTH) {
    if (typeof size !== 'number') throw invalidArgument(name, 'of type number', size);
    if (!(size >= 0 && size <= most)) throw outOfRange(name, `>= 0 && <= ${most}`, size);
  }
  function checkOffset(offset, name, most = Number.MAX_SAFE_INTEGER) {
    if (typeof offset !== 'number') throw invalidArgument(name, 'of type number', offset);
    if (!Number.isInteger(offset)) throw outOfRange(name, 'an integer', offset);
    if (offset < 0 || offset > most) throw outOfRange(name, `>= 0 && <= ${most}`, offset);
  }
  function checkBytes(value, name) {
    if (!isUint8Array(value)) throw invalidArgument(name, BYTES, value);
  }
  // A number that is cut to an integer; 0 for what is none.
  function toInteger(value) {
    const number = Math.floor(value);
    return Number.isSafeInteger(number) ? number : 0;
  }

  // Making buffers.
  function fromArrayBuffer(buffer, byteOffset, length) {
    byteOffset = Number(byteOffset) || 0;
    const most = buffer.byteLength - byteOffset;
    if (most < 0) throw outOfBounds('offset');
    if (length !== undefined) {
      length = Number(length);
      if (length > most) throw outOfBounds('length');
      if (!(length > 0)) length = 0;
    }
    return new FastBuffer(buffer, byteOffset, length);
  }

  function fromArrayLike(source) {
    if (isUint8Array(source)) return native.from(source);
    const { length } = source;
    if (!(length > 0)) return new FastBuffer();
    const made = new FastBuffer(length);
    Reflect.apply(setElements, made, [source]);
    return made;
  }

  // Nothing if the object is not like an array.
  function fromObject(source) {
    if (source.length !== undefined || isAnyArrayBuffer(source.buffer)) {
      return typeof source.length === 'number' ? fromArrayLike(source) : new FastBuffer();
    }
    return source.type === 'Buffer' && Array.isArray(source.data) ? fromArrayLike(source.data) : undefined;
  }

  function fromString(text, encoding) {
    return native.encode(text, typeof encoding === 'string' && encoding ? encoding : undefined);
  }

  Object.assign(Buffer, {
    poolSize: 8192,

    from: function from(value, encodingOrOffset, length) {
      if (typeof value === 'string') return fromString(value, encodingOrOffset);
      if (typeof value === 'object' && value !== null) {
        if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
        const inner = value.valueOf?.();
        if (inner != null && inner !== value && (typeof inner === 'string' || typeof inner === 'object')) {
          return from(inner, encodingOrOffset, length);
        }
        const made = fromObject(value);
        if (made) return made;
        const text = typeof value[Symbol.toPrimitive] === 'function' && value[Symbol.toPrimitive]('string');
        if (typeof text === 'string') return fromString(text, encodingOrOffset);
      }
      throw invalidArgument('first argument',
        'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
    },

    copyBytesFrom: function copyBytesFrom(view, offset, length) {
      if (!isTypedArray(view)) throw invalidArgument('view', 'an instance of TypedArray', view);
      const count = lengthOf(view);
      if (offset !== undefined) checkOffset(offset, 'offset');
      if (length !== undefined) checkOffset(length, 'length');
      const start = Math.min(offset ?? 0, count), end = Math.min(start + (length ?? count), count);
      const size = view.BYTES_PER_ELEMENT;
      return native.from(new Uint8Array(bufferOf(view), offsetOf(view) + start * size, (end - start) * size));
    },

    of: (...items) => fromArrayLike(items),

    alloc: function alloc(size, fill, encoding) {
      checkSize(size);
      const made = new FastBuffer(size);
      return fill === undefined || fill === 0 || size === 0 ? made : fillWith(made, fill, 0, made.length, encoding);
    },
    // Zeroed like any other: a page that nobody wrote costs nothing.
    allocUnsafe: function allocUnsafe(size) {
      checkSize(size);
      return new FastBuffer(size);
    },
    allocUnsafeSlow: function allocUnsafeSlow(size) {
      checkSize(size);
      return new FastBuffer(size);
    },

    isBuffer: function isBuffer(value) { return value instanceof Buffer; },
    isEncoding: function isEncoding(name) {
      return typeof name === 'string' && native.encodingOf(name) !== undefined;
    },
    byteLength: function byteLength(value, encoding) {
      if (typeof value === 'string') return native.byteLength(value, encoding);
      if (ArrayBuffer.isView(value) || isAnyArrayBuffer(value)) return value.byteLength;
      throw invalidArgument('string', 'of type string or an instance of Buffer or ArrayBuffer', value);
    },
    compare: function compare(first, second) {
      checkBytes(first, 'buf1');
      checkBytes(second, 'buf2');
      return native.compare(first, 0, first.length, second, 0, second.length);
    },

    concat: function concat(list, length) {
      if (!Array.isArray(list)) throw invalidArgument('list', 'an instance of Array', list);
      let total = 0;
      for (let index = 0; index < list.length; index += 1) {
        checkBytes(list[index], `list[${index}]`);
        total += lengthOf(list[index]);
      }
      if (list.length === 0) return new FastBuffer();
      if (length !== undefined) checkOffset(length, 'length', MAX_LENGTH);
      else if (total > MAX_LENGTH) throw outOfRange('length', `>= 0 && <= ${MAX_LENGTH}`, total);
      const joined = new FastBuffer(length ?? total);
      let end = 0;
      for (let index = 0; index < list.length && end < joined.length; index += 1) {
        const part = list[index], size = lengthOf(part);
        native.copy(part, 0, size, joined, end);
        end += size;
      }
      return joined;
    },
  });

  // Methods.
  function adjusted(offset, length) {
    offset = Math.trunc(offset) || 0;
    return offset < 0 ? Math.max(0, offset + length) : Math.min(offset, length);
  }

  function fillWith(buffer, value, offset, end, encoding) {
    let pattern = value;
    if (typeof value === 'string') {
      if (offset === undefined || typeof offset === 'string') [encoding, offset, end] = [offset, 0, buffer.length];
      else if (typeof end === 'string') [encoding, end] = [end, buffer.length];
      if (typeof (encoding ?? '') !== 'string') throw invalidArgument('encoding', 'of type string', encoding);
      if (encoding && !Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
      pattern = value === '' ? 0 : fromString(value, encoding);
    } else if (!ArrayBuffer.isView(value)) {
      pattern = value & 255;
    }
    if (offset === undefined) {
      [offset, end] = [0, buffer.length];
    } else {
      checkOffset(offset, 'offset');
      if (end === undefined) end = buffer.length;
      else checkOffset(end, 'end', buffer.length);
    }
    if (offset >= end) return buffer;
    if (pattern.byteLength === 0) throw invalidValue('value', value);
    if (end > buffer.length) throw outOfBounds();
    native.fill(buffer, pattern, offset, end);
    return buffer;
  }

  function search(buffer, value, offset, end, encoding, isForward) {
    if (!ArrayBuffer.isView(buffer)) throw invalidArgument('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
    if (typeof offset === 'string') [encoding, offset, end] = [offset, undefined, undefined];
    else if (typeof end !== 'number') [encoding, end] = [end ?? encoding, undefined];
    offset = Math.trunc(offset);
    const length = buffer.byteLength;
    if (Number.isNaN(offset)) offset = isForward ? 0 : length;
    if (typeof value === 'number') value &= 255;
    else if (typeof value !== 'string' && !isUint8Array(value)) {
      throw invalidArgument('value', `one of type number or string or ${BYTES}`, value);
    }
    return native.indexOf(buffer, value, offset, end ?? length, encoding, isForward);
  }

  function swapper(size) {
    return function () {
      if (lengthOf(this) % size !== 0) {
        throw coded(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${size * 8}-bits`);
      }
      native.swap(this, size);
      return this;
    };
  }

  // Own properties as `util.inspect` would show them, without the braces.
  function shownProperties(buffer, options) {
    if (buffer.length > MOST_BYTES_WITH_PROPERTIES) return '';
    const shown = { __proto__: null };
    for (const key of Reflect.ownKeys(buffer).slice(buffer.length)) {
      const isEnumerable = Object.prototype.propertyIsEnumerable.call(buffer, key);
      if (isEnumerable || options.showHidden) shown[key] = buffer[key];
    }
    if (Reflect.ownKeys(shown).length === 0) return '';
    const text = inspect(shown, { ...options, breakLength: Infinity, compact: true });
    return text.slice('[Object: null prototype] {'.length + 1, -2);
  }

  Object.assign(prototype, {
    copy: function copy(target, targetStart, sourceStart, sourceEnd) {
      if (!ArrayBuffer.isView(this)) throw invalidArgument('source', BYTES, this);
      if (!ArrayBuffer.isView(target)) throw invalidArgument('target', BYTES, target);
      targetStart = toInteger(targetStart);
      if (targetStart < 0) throw outOfRange('targetStart', '>= 0', targetStart);
      const length = this.byteLength;
      sourceStart = toInteger(sourceStart);
      if (sourceStart < 0 || sourceStart > length) throw outOfRange('sourceStart', `>= 0 && <= ${length}`, sourceStart);
      sourceEnd = sourceEnd === undefined ? length : toInteger(sourceEnd);
      if (sourceEnd < 0) throw outOfRange('sourceEnd', '>= 0', sourceEnd);
      const count = Math.min(sourceEnd, length) - sourceStart;
      const copied = Math.min(count, target.byteLength - targetStart);
      if (copied <= 0) return 0;
      native.copy(this, sourceStart, sourceStart + copied, target, targetStart);
      return copied;
    },

    equals: function equals(other) {
      checkBytes(other, 'otherBuffer');
      const length = lengthOf(this);
      return length === lengthOf(other) && native.compare(this, 0, length, other, 0, length) === 0;
    },

    compare: function compare(target, targetStart = 0, targetEnd, sourceStart = 0, sourceEnd) {
      checkBytes(target, 'target');
      checkOffset(targetStart, 'targetStart');
      if (targetEnd !== undefined) checkOffset(targetEnd, 'targetEnd', target.length);
      checkOffset(sourceStart, 'sourceStart');
      if (sourceEnd !== undefined) checkOffset(sourceEnd, 'sourceEnd', this.length);
      return native.compare(this, sourceStart, sourceEnd ?? this.length, target, targetStart, targetEnd ?? target.length);
    },

    // (value, offset, end, encoding), any of the last three left out
    indexOf: function indexOf(value, offset, end, encoding) {
      return search(this, value, offset, end, encoding, true);
    },
    lastIndexOf: function lastIndexOf(value, offset, end, encoding) {
      return search(this, value, offset, end, encoding, false);
    },
    includes: function includes(value, offset, end, encoding) {
      return search(this, value, offset, end, encoding, true) !== -1;
    },

    fill: function fill(value, offset, end, encoding) { return fillWith(this, value, offset, end, encoding); },

    // (string), (string, encoding) or (string, offset, length, encoding) without any of the last
    write: function write(string, offset, length, encoding) {
      const size = lengthOf(this);
      if (offset === undefined) return native.write(this, string, undefined, 0, size);
      if (length === undefined && typeof offset === 'string') {
        [encoding, length, offset] = [offset, size, 0];
      } else {
        checkOffset(offset, 'offset', size);
        if (typeof length === 'string') [encoding, length] = [length, undefined];
        if (length !== undefined) checkOffset(length, 'length', size);
        length = Math.min(length ?? size, size - offset);
      }
      return native.write(this, string, encoding || undefined, offset, length);
    },

    toJSON: function toJSON() { return { type: 'Buffer', data: Array.from(this) }; },

    subarray: function subarray(start, end) {
      const length = lengthOf(this);
      start = adjusted(start, length);
      end = end === undefined ? length : adjusted(end, length);
      return new FastBuffer(bufferOf(this), offsetOf(this) + start, Math.max(0, end - start));
    },
    slice: function slice(start, end) { return this.subarray(start, end); },

    swap16: swapper(2),
    swap32: swapper(4),
    swap64: swapper(8),

    [customInspect](depth, options) {
      const shown = Math.min(inspectMaxBytes, this.length), rest = this.length - inspectMaxBytes;
      let text = this.hexSlice(0, shown).replace(/(.{2})/g, '$1 ').trim();
      if (rest > 0) text += ` ... ${rest} more byte${rest > 1 ? 's' : ''}`;
      const properties = options ? shownProperties(this, options) : '';
      if (properties) text += `${this.length > 0 ? ', ' : ''}${properties}`;
      return `<${this.constructor?.name ?? 'Buffer'} ${text}>`;
    },
  });
  native.setUp(prototype);
  prototype.toLocaleString = prototype.toString;
  prototype.inspect = prototype[customInspect];
  for (const [name, of] of [['parent', bufferOf], ['offset', offsetOf]]) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get() { return this instanceof Buffer ? of(this) : undefined; },
    });
  }

  // The rest of the module.
  function checkText(input) {
    if (isTypedArray(input) || isAnyArrayBuffer(input)) return input;
    throw invalidArgument('input', 'an instance of ArrayBuffer, Buffer, or TypedArray', input);
  }

  function transcode(source, from, to) {
    checkBytes(source, 'source');
    const made = source.length === 0 ? new FastBuffer() : native.transcode(source, from, to);
    if (made) return made;
    const code = 'U_ILLEGAL_ARGUMENT_ERROR';
    throw Object.assign(coded(Error, code, `Unable to transcode Buffer [${code}]`), { errno: 1 });
  }

  function SlowBuffer(size) { return Buffer.allocUnsafeSlow(size); }
  Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
  Object.setPrototypeOf(SlowBuffer, Uint8Array);

  const module = {
    Buffer,
    SlowBuffer,
    transcode,
    isUtf8: function isUtf8(input) { return native.isUtf8(checkText(input)); },
    isAscii: function isAscii(input) { return native.isAscii(checkText(input)); },
    resolveObjectURL: native.resolveObjectURL,
    kMaxLength: MAX_LENGTH,
    kStringMaxLength: MAX_STRING_LENGTH,
    constants: Object.freeze({ MAX_LENGTH, MAX_STRING_LENGTH }),
  };
  Object.defineProperty(module, 'INSPECT_MAX_BYTES', {
    configurable: true,
    enumerable: true,
    get() { return inspectMaxBytes; },
    set(value) {
      if (typeof value !== 'number') throw invalidArgument('INSPECT_MAX_BYTES', 'of type number', value);
      if (!(value >= 0)) throw outOfRange('INSPECT_MAX_BYTES', '>= 0', value);
      inspectMaxBytes = value;
    },
  });
  // Of the web, and not made before they are asked for.
  for (const name of ['Blob', 'File', 'atob', 'btoa']) {
    Object.defineProperty(module, name, { configurable: true, enumerable: true, get: () => globalThis[name] });
  }
  return module;
})
