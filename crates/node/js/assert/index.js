// node:assert, <https://nodejs.org/api/assert.html>

(function ({ coded, inspect, invalidArgument, kindOf, missing, part }) {
  const AssertionError = part('assert/error');
  const { isDeepEqual, isDeepStrictEqual } = part('util/compare');

  function fail(given, details) {
    if (given instanceof Error) throw given;
    const message = typeof given === 'function' ? given(details.actual, details.expected) : given;
    throw new AssertionError(message === undefined ? details : { ...details, message });
  }

  function checkCount(count, least) {
    if (count < least) {
      throw coded(TypeError, 'ERR_MISSING_ARGS', least === 1
        ? 'The "actual" argument must be specified' : 'The "actual" and "expected" arguments must be specified');
    }
  }

  function innerOk(fn, count, value, given) {
    if (value) return;
    let message = given;
    let generated = false;
    if (count === 0) {
      generated = true;
      message = 'No value argument passed to `assert.ok()`';
    } else if (given === undefined) {
      generated = true;
      message = 'The expression evaluated to a falsy value\n';
    } else if (given instanceof Error) {
      throw given;
    }
    const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: fn });
    error.generatedMessage = generated;
    throw error;
  }

  function ok(...args) { innerOk(ok, args.length, ...args); }

  const comparisons = {
    equal: ['==', (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b))],
    notEqual: ['!=', (a, b) => a != b && !(Number.isNaN(a) && Number.isNaN(b))],
    deepEqual: ['deepEqual', isDeepEqual],
    notDeepEqual: ['notDeepEqual', (a, b) => !isDeepEqual(a, b)],
    deepStrictEqual: ['deepStrictEqual', isDeepStrictEqual],
    notDeepStrictEqual: ['notDeepStrictEqual', (a, b) => !isDeepStrictEqual(a, b)],
    strictEqual: ['strictEqual', Object.is],
    notStrictEqual: ['notStrictEqual', (a, b) => !Object.is(a, b)],
    partialDeepStrictEqual: ['partialDeepStrictEqual', isPartly],
  };

  // Whether all that is expected is there.
  function isPartly(actual, expected) {
    if (Object.is(actual, expected)) return true;
    if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) return false;
    const kind = kindOf(expected);
    if (kind !== kindOf(actual)) return false;
    if (kind === 'Map') {
      return [...expected].every(([key, value]) => [...actual].some(([otherKey, other]) =>
        isDeepStrictEqual(key, otherKey) && isPartly(other, value)));
    }
    if (kind === 'Set') return [...expected].every((value) => [...actual].some((other) => isPartly(other, value)));
    if (kind === 'Array') {
      let at = 0;
      return expected.every((value) => {
        while (at < actual.length && !isPartly(actual[at], value)) at++;
        return at++ < actual.length;
      });
    }
    if (kind !== 'Object' && kind !== 'Error') return isDeepStrictEqual(actual, expected);
    return Reflect.ownKeys(expected).filter((key) => Object.prototype.propertyIsEnumerable.call(expected, key))
      .every((key) => key in actual && isPartly(actual[key], expected[key]));
  }

  const assert = ok;
  assert.AssertionError = AssertionError;
  assert.ok = Object.defineProperty((...args) => innerOk(assert.ok, args.length, ...args), 'name', { value: 'ok' });

  assert.fail = function fail(message) {
    if (message instanceof Error) throw message;
    const error = new AssertionError({
      message: message ?? 'Failed', operator: 'fail', stackStartFn: fail, actual: undefined, expected: undefined,
    });
    error.generatedMessage = message === undefined;
    throw error;
  };

  for (const [name, [operator, holds]] of Object.entries(comparisons)) {
    const check = function (actual, expected, message) {
      checkCount(arguments.length, 2);
      if (!holds(actual, expected)) fail(message, { actual, expected, operator, stackStartFn: check });
    };
    assert[name] = Object.defineProperty(check, 'name', { value: name });
  }

  // What was thrown against what should have been: a pattern, a class, a test, or an object like it.
  function checkThrown(actual, expected, message, fn) {
    const mismatch = (text, details) => {
      const error = new AssertionError({
        actual, expected, message: message ?? text, operator: fn.name, stackStartFn: fn, ...details,
      });
      error.generatedMessage = message === undefined || message === null;
      throw error;
    };
    if (typeof expected !== 'function') {
      if (kindOf(expected) === 'RegExp') {
        const text = String(actual);
        if (expected.test(text)) return;
        mismatch(`The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`);
      }
      if (typeof actual !== 'object' || actual === null) {
        const error = new AssertionError({ actual, expected, message, operator: 'deepStrictEqual', stackStartFn: fn });
        error.operator = fn.name;
        throw error;
      }
      const keys = Object.keys(expected);
      if (expected instanceof Error) keys.push('name', 'message');
      else if (keys.length === 0) {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'error' may not be an empty object. Received {}`);
      }
      for (const key of keys) {
        if (typeof actual[key] === 'string' && kindOf(expected[key]) === 'RegExp' && expected[key].test(actual[key])) continue;
        if (key in actual && isDeepStrictEqual(actual[key], expected[key])) continue;
        if (message !== undefined) mismatch(message);
        // Only what was asked for is compared.
        class Comparison {}
        const part = (source, match) => Object.assign(new Comparison(), Object.fromEntries(keys
          .filter((name) => name in source)
          .map((name) => [name, match !== undefined && typeof match[name] === 'string' && kindOf(source[name]) === 'RegExp'
            && source[name].test(match[name]) ? match[name] : source[name]])));
        const error = new AssertionError({
          actual: part(actual), expected: part(expected, actual), operator: 'deepStrictEqual', stackStartFn: fn,
        });
        Object.assign(error, { actual, expected, operator: fn.name });
        throw error;
      }
      return;
    }
    if (expected.prototype !== undefined && actual instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected) || expected === Error) {
      const received = actual?.constructor?.name;
      let text = `The error is expected to be an instance of "${expected.name}". Received `
        + (kindOf(actual) === 'Error' ? `"${actual.name}"` : `"${inspect(actual, { depth: -1 })}"`);
      if (actual?.message) text += `\n\nError message:\n\n${actual.message}`;
      mismatch(received === expected.name && kindOf(actual) !== 'Error' ? `${text} with the same name` : text);
    }
    if (Reflect.apply(expected, {}, [actual]) === true) return;
    const name = expected.name ? `"${expected.name}" ` : '';
    let text = `The ${name}validation function is expected to return "true". Received ${inspect(Reflect.apply(expected, {}, [actual]))}`;
    if (kindOf(actual) === 'Error') text += `\n\nCaught error:\n\n${actual}`;
    mismatch(text);
  }

  const NOTHING = Symbol('nothing was thrown');

  function expectThrown(fn, actual, error, message) {
    if (typeof error === 'string') {
      if (arguments.length > 3 && message !== undefined) {
        throw invalidArgument('error', 'of type function or an instance of Error, RegExp, or Object', error);
      }
      if (actual !== NOTHING && (actual?.message === error || actual === error)) {
        throw coded(TypeError, 'ERR_AMBIGUOUS_ARGUMENT', `The "error/message" argument is ambiguous. The ${
          actual === error ? `error "${error}"` : `error message "${actual.message}"`} is identical to the message.`);
      }
      [error, message] = [undefined, error];
    } else if (error !== undefined && error !== null && typeof error !== 'object' && typeof error !== 'function') {
      throw invalidArgument('error', 'of type function or an instance of Error, RegExp, or Object', error);
    }
    if (actual === NOTHING) {
      const named = error?.name ? ` (${error.name})` : '';
      const what = fn.name === 'rejects' ? 'rejection' : 'exception';
      const end = message ? `: ${message}` : '.';
      fail(undefined, { actual: undefined, expected: error, operator: fn.name, message: `Missing expected ${what}${named}${end}`, stackStartFn: fn });
    }
    if (error) checkThrown(actual, error, message, fn);
  }

  function expectNothing(fn, actual, error, message) {
    if (actual === NOTHING) return;
    if (typeof error === 'string') [error, message] = [undefined, error];
    const isWanted = !error || (typeof error === 'function' ? actual instanceof error || error(actual) === true : error.test?.(String(actual)));
    if (isWanted) {
      const end = message ? `: ${message}` : '.';
      const what = fn.name === 'doesNotReject' ? 'rejection' : 'exception';
      fail(undefined, {
        actual, expected: error, operator: fn.name, stackStartFn: fn,
        message: `Got unwanted ${what}${end}\nActual message: "${actual?.message}"`,
      });
    }
    throw actual;
  }

  function thrownBy(fn) {
    if (typeof fn !== 'function') throw invalidArgument('fn', 'of type function', fn);
    try {
      fn();
    } catch (error) {
      return error;
    }
    return NOTHING;
  }

  async function rejectionOf(promiseFn) {
    let promise = promiseFn;
    if (typeof promiseFn === 'function') {
      promise = promiseFn();
      if (typeof promise?.then !== 'function') {
        throw coded(TypeError, 'ERR_INVALID_RETURN_VALUE',
          `Expected instance of Promise to be returned from the "promiseFn" function but got ${
            promise?.constructor?.name ? `an instance of ${promise.constructor.name}` : `type ${typeof promise}`}.`);
      }
    } else if (typeof promise?.then !== 'function' || typeof promise?.catch !== 'function') {
      throw invalidArgument('promiseFn', 'of type function or an instance of Promise', promise);
    }
    try {
      await promise;
    } catch (error) {
      return error;
    }
    return NOTHING;
  }

  assert.throws = function throws(fn, ...args) { expectThrown(throws, thrownBy(fn), ...args); };
  assert.rejects = async function rejects(fn, ...args) { expectThrown(rejects, await rejectionOf(fn), ...args); };
  assert.doesNotThrow = function doesNotThrow(fn, ...args) { expectNothing(doesNotThrow, thrownBy(fn), ...args); };
  assert.doesNotReject = async function doesNotReject(fn, ...args) {
    expectNothing(doesNotReject, await rejectionOf(fn), ...args);
  };

  assert.ifError = function ifError(error) {
    if (error === null || error === undefined) return;
    const text = typeof error === 'object' && typeof error.message === 'string'
      ? (error.message.length === 0 && error.constructor ? error.constructor.name : error.message) : inspect(error);
    const made = new AssertionError({
      actual: error, expected: null, operator: 'ifError', message: `ifError got unwanted exception: ${text}`, stackStartFn: ifError,
    });
    made.generatedMessage = false;
    throw made;
  };

  function matching(name, wanted) {
    const check = function (string, regexp, message) {
      if (kindOf(regexp) !== 'RegExp') throw invalidArgument('regexp', 'an instance of RegExp', regexp);
      if (typeof string === 'string' && regexp.test(string) === wanted) return;
      if (message instanceof Error) throw message;
      const text = typeof string !== 'string'
        ? `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`
        : `The input ${wanted ? 'did not match' : 'was expected to not match'} the regular expression ${inspect(regexp)}. Input:\n\n${inspect(string)}\n`;
      const error = new AssertionError({ actual: string, expected: regexp, message: message ?? text, operator: name, stackStartFn: check });
      error.generatedMessage = message === undefined;
      throw error;
    };
    assert[name] = Object.defineProperty(check, 'name', { value: name });
  }
  matching('match', true);
  matching('doesNotMatch', false);

  // The same with the strict ones under the plain names.
  function strict(...args) { innerOk(strict, args.length, ...args); }
  assert.strict = Object.assign(strict, assert, {
    equal: assert.strictEqual,
    deepEqual: assert.deepStrictEqual,
    notEqual: assert.notStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
  });
  assert.strict.strict = assert.strict;
  assert.Assert = missing('assert', 'Assert');
  return assert;
})
