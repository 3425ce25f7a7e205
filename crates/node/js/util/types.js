// node:util/types: what an object is inside, whatever it says of itself.

(function ({ isCryptoKey, kindOf }) {
  const types = {};
  const define = (name, test) => {
    types[name] = Object.defineProperty(test, 'name', { value: name, configurable: true });
  };
  const is = (...kinds) => {
    const wanted = new Set(kinds);
    return (value) => wanted.has(kindOf(value));
  };
  const typedArrays = ['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'Int8', 'Int16', 'Int32', 'Float16',
    'Float32', 'Float64', 'BigInt64', 'BigUint64'].map((name) => `${name}Array`);

  define('isArgumentsObject', is('Arguments'));
  define('isArrayBuffer', is('ArrayBuffer'));
  define('isAsyncFunction', is('AsyncFunction', 'AsyncGeneratorFunction'));
  define('isBigIntObject', is('BigInt'));
  define('isBooleanObject', is('Boolean'));
  define('isDate', is('Date'));
  define('isExternal', () => false);
  define('isGeneratorFunction', is('GeneratorFunction', 'AsyncGeneratorFunction'));
  define('isGeneratorObject', is('Generator', 'AsyncGenerator'));
  for (const kind of ['Map', 'Promise', 'Proxy', 'RegExp', 'Set', 'SharedArrayBuffer', 'WeakMap', 'WeakSet', 'DataView']) {
    define(`is${kind}`, is(kind));
  }
  define('isMapIterator', is('Map Iterator'));
  define('isSetIterator', is('Set Iterator'));
  define('isModuleNamespaceObject', is('Module'));
  define('isNativeError', is('Error'));
  for (const kind of ['Number', 'String', 'Symbol']) define(`is${kind}Object`, is(kind));
  define('isAnyArrayBuffer', is('ArrayBuffer', 'SharedArrayBuffer'));
  define('isBoxedPrimitive', is('Number', 'String', 'Boolean', 'Symbol', 'BigInt'));
  define('isArrayBufferView', ArrayBuffer.isView);
  define('isTypedArray', is(...typedArrays));
  for (const kind of typedArrays) define(`is${kind}`, is(kind));
  define('isKeyObject', () => false);
  define('isCryptoKey', isCryptoKey);
  return types;
})
