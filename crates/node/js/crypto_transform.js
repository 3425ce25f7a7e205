// What hashes and ciphers inherit from: a `stream.Transform` that becomes one when it is used so.

(function ({ transform }) {
  let Transform;
  // `Transform.prototype` is looked up, and with it all of `node:stream` is loaded, when something
  // is asked of a hash that it does not have itself. Most are never asked.
  function load() {
    if (Transform === undefined) {
      Transform = transform();
      Object.setPrototypeOf(LazyTransform.prototype, Transform.prototype);
    }
    return Transform.prototype;
  }
  const later = new Proxy({}, {
    get: (target, key, receiver) => Reflect.get(load(), key, receiver),
    has: (target, key) => key in load(),
    set: (target, key, value, receiver) => Reflect.set(load(), key, value, receiver),
    getPrototypeOf: load,
  });

  class LazyTransform {
    constructor(options) { define(this, '_options', options); }
  }
  Object.setPrototypeOf(LazyTransform.prototype, later);

  function define(object, name, value) {
    Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
  }
  for (const name of ['_readableState', '_writableState']) {
    Object.defineProperty(LazyTransform.prototype, name, {
      configurable: true,
      enumerable: true,
      get() {
        load();
        Transform.call(this, this._options);
        // Strings come with their encoding.
        this._writableState.decodeStrings = false;
        return this[name];
      },
      set(value) { define(this, name, value); },
    });
  }

  return { LazyTransform };
})
